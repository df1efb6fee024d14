//! The keys of the configuration: each once, with its default, its unit and what it means.

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the file; in capitals behind `DOORSTEP_` in the environment.
    pub name: &'static str,
    /// What holds when it is not given; empty: nothing.
    pub default: &'static str,
    /// The unit or form of its value.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Its value is never printed.
    pub secret: bool,
}

const fn key(
    name: &'static str,
    default: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> Key {
    Key { name, default, unit, meaning, secret: false }
}

/// Every key, in the order in which the manual lists them.
pub const KEYS: &[Key] = &[
    key("data", "doorstep-data", "folder", "Where the database is kept. One server per folder."),
    key("listen", "127.0.0.1:8470", "address:port", "Where the server listens; port 0 picks one."),
    key(
        "behind_proxy",
        "false",
        "true or false",
        "A proxy in front ends TLS. Without it and without tls_certificate the server listens on \
         loopback only.",
    ),
    key(
        "tls_certificate",
        "",
        "file",
        "The certificate (PEM, the server's own first) with which the server ends TLS itself. Read \
         again when it changes, and on SIGHUP.",
    ),
    key("tls_key", "", "file", "Its private key (PEM). Nobody but the server's user may read it."),
    key(
        "public_url",
        "",
        "URL",
        "How people reach the console; notices link there. Default: the address bound.",
    ),
    key("field_app", "", "folder", "The built field app. Default: field beside or over doorstep."),
    key("log", "info", "filter", "What is logged: error, warn, info, debug, or a tracing filter."),
    key(
        "api_reference",
        "false",
        "true or false",
        "Serve the description of the API: /api for people, /api/openapi.json for programs.",
    ),
    key("readers", "4", "connections", "Connections that read beside the one that writes."),
    key(
        "group_commit",
        "3",
        "milliseconds",
        "How long a write waits for others to share its flush to the disk.",
    ),
    key("request_timeout", "30", "seconds", "How long a request's head may take, and its body."),
    key("device_requests", "1200", "requests a minute", "How often one device may sync."),
    key("person_requests", "600", "requests a minute", "How many pages one person may open."),
    key(
        "address_requests",
        "6000",
        "requests a minute",
        "How many requests may come from one address (IPv6: one /64). A whole office may be one.",
    ),
    key(
        "address_sign_ins",
        "120",
        "tries a minute",
        "How many tries to sign in, or to enrol a device, may come from one address.",
    ),
    key(
        "reads_alarm",
        "60",
        "records",
        "How many different children's records a person opens in a day without an alarm.",
    ),
    key("stop_within", "10", "seconds", "How long requests may finish when the server stops."),
    key("sweep_interval", "60", "seconds", "The longest time between two looks at due limits."),
    key(
        "acknowledge_immediate",
        "30",
        "minutes, 1 to 30",
        "How long somebody may take notice of an immediate escalation before it moves up.",
    ),
    key(
        "acknowledge_same_day",
        "120",
        "minutes of working time, 1 to 120",
        "The same for an escalation that is due the same day.",
    ),
    key(
        "acknowledge_routine",
        "480",
        "minutes of working time, 1 to 480",
        "The same for a routine escalation.",
    ),
    key(
        "read_lease",
        "168",
        "hours, 1 to 8760",
        "How long a device without contact shows what it holds of children. Recording never ends.",
    ),
    key(
        "wrong_passphrases",
        "10",
        "tries, 3 to 100",
        "After so many wrong passphrases running, a device destroys the key to what it holds.",
    ),
    key(
        "silence",
        "240",
        "minutes",
        "How long the device of somebody with a planned visit may be silent before it is raised.",
    ),
    key(
        "backup_folder",
        "",
        "folder",
        "Where the server backs up to by itself. Without it, nowhere.",
    ),
    key(
        "backup_at",
        "02:30",
        "time of day, UK local",
        "When the day's backups begin. One that was missed is made at once.",
    ),
    key(
        "backup_every",
        "24",
        "hours: 1, 2, 3, 4, 6, 8, 12 or 24",
        "How long from one backup to the next, counted from backup_at.",
    ),
    key(
        "backup_keep",
        "14",
        "files",
        "How many of its own backups stay; the oldest go once a new one is on the disk and sound.",
    ),
    key(
        "contingency_folder",
        "",
        "folder",
        "Where the server writes the duty list by itself. Without it, nowhere.",
    ),
    key("contingency_at", "06:30", "time of day, UK local", "When the day's first is written."),
    key(
        "contingency_every",
        "24",
        "hours: 1, 2, 3, 4, 6, 8, 12 or 24",
        "How long from one duty list to the next, counted from contingency_at.",
    ),
    key("contingency_keep", "8", "duty lists", "How many of its own stay; the oldest go."),
    key("enrol_code_lifetime", "10", "minutes", "How long a device code works."),
    key("enrol_attempts", "20", "attempts a minute", "Wrong device codes taken before a pause."),
    key(
        "second_factor",
        "optional",
        "optional, all, or roles",
        "Who needs a code at sign-in beside the password: roles with commas between them, \
         administrator and auditor among them.",
    ),
    key("smtp_host", "", "host name", "The mail server for notices. Without it none are mailed."),
    key("smtp_port", "587", "port", "The mail server's port."),
    key("smtp_security", "starttls", "starttls, tls or none", "none is for loopback only."),
    key("smtp_user", "", "text", "The name for the mail server; without it no sign-in."),
    Key {
        name: "smtp_password",
        default: "",
        unit: "text",
        meaning: "The password for the mail server. Better given by environment than by file.",
        secret: true,
    },
    key(
        "smtp_password_file",
        "",
        "file",
        "The file that holds it instead. Like every file with a secret: nobody but the \
         server's user may read it.",
    ),
    key("smtp_from", "", "address", "The sender of notices. Needed with smtp_host."),
    key("smtp_timeout", "20", "seconds", "How long one e-mail may take to hand over."),
    key("webhook_url", "", "URL", "Where notices go as CloudEvents. Without it nowhere."),
    key(
        "webhook_secret_file",
        "",
        "file",
        "The secret that signs them, `whsec_` and Base64. Two lines sign twice, to change it.",
    ),
    key(
        "notify_key_file",
        "",
        "file",
        "The API key of GOV.UK Notify. Without it nothing is sent that way.",
    ),
    key("notify_email_template", "", "id", "The template of e-mails by GOV.UK Notify."),
    key("notify_sms_template", "", "id", "The template of text messages by GOV.UK Notify."),
    key(
        "notify_url",
        "https://api.notifications.service.gov.uk",
        "URL",
        "Where GOV.UK Notify answers.",
    ),
    key(
        "notice_digest_at",
        "09:00,13:00",
        "times of day, UK local",
        "When routine notices go out together, on working days.",
    ),
    key(
        "notice_retry_first",
        "30",
        "seconds",
        "The pause after a notice failed by every way; it doubles.",
    ),
    key("notice_retry_max", "3600", "seconds", "The longest pause between two tries of a notice."),
    key(
        "notice_flag_after",
        "5",
        "failures",
        "After so many failures the console says that notices do not arrive.",
    ),
];
