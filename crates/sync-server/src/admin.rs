//! What an administrator's command does: teams, people, children, allocations and device codes.
