//! The least that a server could do for a read: one route, no rules. It is a process of its own, as the product is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::world::ports;
use crate::world::process::{Launch, Process};

/// One row by primary key, as JSON.
pub const ONE: &str = "/one";
/// The same bytes each time.
pub const CONSTANT: &str = "/constant";
/// Its arguments after this: where to listen, and the file whose bytes are answered. The database is in `DATABASE_URL`.
pub const ARGUMENT: &str = "bare";
const START: Duration = Duration::from_secs(20);

pub struct Bare {
    process: Process,
    pub port: u16,
}

impl Bare {
    /// Starts this program again as that server.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(database: &str, constant: &str, folder: &Path) -> anyhow::Result<Self> {
        let (port, file) = (ports::reserve()?, folder.join("constant.json"));
        std::fs::write(&file, constant)?;
        let launch = Launch::new(std::env::current_exe()?, folder.join("bare.log"))
            .arguments([ARGUMENT.to_owned(), port.to_string()])
            .argument(file)
            .environment("DATABASE_URL", database);
        let mut process = launch.spawn()?;
        process.wait_until_healthy(&format!("http://127.0.0.1:{port}{CONSTANT}"), START).await?;
        Ok(Self { process, port })
    }

    /// # Errors
    /// When it does not die.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.process.kill9().await
    }
}

/// The server itself; returns only when it cannot go on.
///
/// # Errors
/// When it cannot listen, or has no database.
pub async fn serve(port: u16, constant: PathBuf) -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").context("no DATABASE_URL")?;
    let pool = PgPoolOptions::new().max_connections(16).test_before_acquire(false).connect(&url).await?;
    let constant = Bytes::from(std::fs::read(constant)?);
    let app = Router::new()
        .route(&format!("{ONE}/{{id}}"), get(one))
        .route(CONSTANT, get(|| async move { json(constant) }))
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), app).await?)
}

async fn one(State(pool): State<PgPool>, axum::extract::Path(id): axum::extract::Path<Uuid>) -> Response {
    let sql = "select doc::text from read_accounts where generation = 1 and id = $1";
    match sqlx::query_scalar::<_, String>(sql).bind(id).fetch_optional(&pool).await {
        Ok(Some(row)) => json(Bytes::from(row)),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn json(bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}
