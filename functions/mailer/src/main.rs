//! The deployed function.

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use cloud::{Cloud, Secret};
use mailer::{Login, Mailer, Server, Transport};
use runtime::lambda;

/// How long the e-mail that is begun last may take: the mail server's time-out of twelve seconds, and before it the link in
/// the database.
const MARGIN: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    lambda::run(async |boot| {
        let server = Server::new(lambda::required("SMTP_HOST")?, lambda::number("SMTP_PORT", 587)?);
        let transport = Transport::Smtp(server, boot.reloadable(Secret::Smtp, Login::from_json).await?);
        let cloud = Cloud { queues: boot.queues(), ..Cloud::absent() };
        let (from, links) = (lambda::required("MAIL_FROM")?, lambda::required("PUBLIC_URL")?);
        let mailer = Mailer::new(boot.platform(cloud, &[]).await?, transport, from, &links);
        let work = move |event: SqsEvent, until| {
            let mailer = mailer.clone();
            async move { Ok::<_, Infallible>(mailer::on_queue(event, &mailer, until).await) }
        };
        boot.records(MARGIN, work).await
    })
}
