//! Who reads the log, how far, and what waits for a person.

use projections::status;
use sqlx::PgConnection;

use super::Finding;

/// As the readiness probe has it.
const LAG: i64 = 10_000;

pub async fn look(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    for reader in status::readers(&mut *connection).await? {
        let lag = reader.head - reader.position;
        if reader.parked > 0 {
            let found = format!("{}: {} aggregates are parked", reader.name, reader.parked);
            let advice = "see `dead-letters list`; mend the cause, then `dead-letters retry`";
            findings.push(Finding::wrong("reader", found, advice));
        }
        if !reader.running {
            let found = format!("{} is moved by nobody, {lag} events behind", reader.name);
            findings.push(Finding::note("reader", found, "run a process with the role project or react"));
        } else if lag > LAG {
            let found = format!("{} is {lag} events behind", reader.name);
            findings.push(Finding::wrong(
                "reader",
                found,
                "look for its pauses in the logs of the process that has it",
            ));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("readers", "all run, none is parked"));
    }
    findings.extend(dead_effects(connection).await?);
    Ok(findings)
}

async fn dead_effects(connection: &mut PgConnection) -> Result<Option<Finding>, sqlx::Error> {
    let dead: i64 =
        sqlx::query_scalar("select count(*) from effects where state = 'dead'").fetch_one(connection).await?;
    let found = format!("{dead} effects were given up");
    let advice = "see `dead-letters list`, then `dead-letters retry` or `discard`";
    Ok((dead > 0).then(|| Finding::wrong("effects", found, advice)))
}
