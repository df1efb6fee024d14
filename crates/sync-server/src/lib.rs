//! Ingest, judge, tell: the server of an organisation.
