//! What a device remembers: its own records, its caseload, and where it stands with the server.
