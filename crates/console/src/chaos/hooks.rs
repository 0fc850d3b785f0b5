//! The rules as hooks of a server.

use std::future::pending;
use std::sync::Arc;

use mailchute::command::Ehlo;
use mailchute::{
    Answer, Builder, Envelope, Filter, Hooks, Install, Message, Recipient, Refusal, Sender, Session, Verdict,
};

use super::Chaos;
use super::attempts::Attempt;
use super::rule::{Effect, Then};
use super::stage::Stage;

impl Effect {
    /// Returns whether nothing else is asked after it.
    pub(super) fn ends_stage(&self) -> bool {
        self.then != Then::GoOn
    }

    /// Acts on an attempt, unless the rules end during its delay.
    async fn apply(self, session: &Session, chaos: &Chaos, rules: u64) -> Result<(), Refusal> {
        if !self.delay.is_zero() {
            chaos.delay(self.delay, rules).await;
            if !chaos.is_in_force(rules) {
                return Ok(());
            }
        }
        match self.then {
            Then::GoOn => Ok(()),
            Then::Refuse(refusal) => Err(refusal),
            Then::CutOff => {
                session.cut_off();
                // The server drops this at once, so no answer of ours gets out.
                pending().await
            }
        }
    }
}

impl Chaos {
    /// Applies the rules that are due, in their order.
    async fn judge(&self, attempt: Attempt<'_>, session: &Session) -> Result<(), Refusal> {
        let (rules, effects) = self.due(&attempt);
        for effect in effects {
            effect.apply(session, self, rules).await?;
        }
        Ok(())
    }

    /// Does the same for hooks.
    async fn answer(&self, attempt: Attempt<'_>, session: &Session) -> Answer {
        self.judge(attempt, session).await?;
        Ok(Verdict::Accept)
    }
}

impl Hooks for Chaos {
    async fn connect(&self, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Connect, session), session).await
    }

    async fn ehlo(&self, _ehlo: &Ehlo, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Ehlo, session), session).await
    }

    async fn start_tls(&self, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Starttls, session), session).await
    }

    async fn authenticated(&self, _identity: &str, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Auth, session), session).await
    }

    async fn mail_from(&self, from: &Sender, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Mail, session).from(from.as_str()), session).await
    }

    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Rcpt, session).to([to.as_str()].into_iter()), session).await
    }

    async fn data(&self, envelope: &Envelope, session: &Session) -> Answer {
        self.answer(Attempt::of(Stage::Data, session).to(addresses(envelope)), session).await
    }
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &str> {
    envelope.recipients.iter().map(Recipient::as_str)
}

impl Filter for Chaos {
    async fn filter(&self, message: &mut Message, session: &Session) -> Result<(), Refusal> {
        let (rules, effects) = {
            let envelope = message.envelope();
            self.due(&Attempt::of(Stage::Message, session).to(addresses(envelope)))
        };
        if !effects.is_empty() {
            // A refusal before the end of the content would be one of DATA.
            while message.chunk().await?.is_some() {}
        }
        for effect in effects {
            effect.apply(session, self, rules).await?;
        }
        Ok(())
    }
}

impl Install for Chaos {
    fn install(self, builder: Builder) -> Builder {
        let (asked, chaos) = (self.clone(), Arc::new(self));
        // So that a stage without rules has no hook.
        builder.when(move |_| asked.is_on(), |builder| builder.hooks(Arc::clone(&chaos)).filter(chaos))
    }
}
