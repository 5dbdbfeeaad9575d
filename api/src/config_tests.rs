#![allow(clippy::unwrap_used)]
use super::*;

fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn production_refuses_to_run_on_defaults_that_are_no_secrets() {
    let error = Settings::from(variables(&[("CLOUDSALES_DATABASE_URL", "postgres://app@db/x")])).unwrap_err();
    assert!(error.to_string().contains("token_jwks_url"), "{error}");
}

#[test]
fn what_is_shown_holds_no_secret() {
    let secret = "hunter2-canary";
    let url = format!("postgres://app:{secret}@db/x");
    let set = [
        ("CLOUDSALES_MODE", "development"),
        ("CLOUDSALES_DATABASE_URL", url.as_str()),
        ("CLOUDSALES_NATS_URL", url.as_str()),
        ("CLOUDSALES_CCP_CLIENT_SECRET", secret),
        ("CLOUDSALES_CCP_WEBHOOK_SECRET", secret),
        ("CLOUDSALES_WALLET_KEY", secret),
        ("CLOUDSALES_TOKEN_GATEWAY_TOKEN", secret),
        ("CLOUDSALES_PAYMENTS_WEBHOOK_SECRET", secret),
        ("CLOUDSALES_CURSOR_KEY", secret),
        ("CLOUDSALES_SMTP_URL", "smtps://sender:hunter2-canary@mail.example"),
        ("CLOUDSALES_PG_BIN", "of another program"),
    ];
    let settings = Settings::from(variables(&set)).unwrap();
    let shown = format!("{:?} {settings:?}", settings.shown());
    assert!(!shown.contains(secret), "{shown}");
}

#[test]
fn an_address_that_is_none_is_named_and_not_repeated() {
    let secret = "hunter2-canary";
    for name in ["database_url", "database_owner_url", "database_auditor_url"] {
        let mut set =
            variables(&[("CLOUDSALES_MODE", "development"), ("CLOUDSALES_DATABASE_URL", "postgres://app@db/x")]);
        set.insert(format!("CLOUDSALES_{}", name.to_uppercase()), secret.to_owned());
        let error = Settings::from(set).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains(secret), "{error}");
    }
}

#[test]
fn whatever_can_be_set_is_shown() {
    let set = [
        ("CLOUDSALES_MODE", "development"),
        ("CLOUDSALES_DATABASE_URL", "postgres://app@db/x"),
        ("CLOUDSALES_PORT_FILE", "/run/ports.json"),
        ("CLOUDSALES_CLOCK_START", "2026-10-01T09:00:00Z"),
    ];
    let shown = Settings::from(variables(&set)).unwrap().shown();
    let missing: Vec<_> = FIELDS.iter().filter(|field| shown.iter().all(|(name, _)| name != *field)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let wanted =
        [("port_file", "/run/ports.json"), ("clock_start", "2026-10-01T09:00:00Z"), ("wallet_url", "(not set)")];
    for told in wanted {
        assert!(shown.iter().any(|(name, value)| (*name, value.as_str()) == told), "{told:?} {shown:?}");
    }
}
