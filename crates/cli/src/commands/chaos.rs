//! Rules of chaos, if the program has the console.

#[cfg(feature = "console")]
pub(crate) use mailchute_console::Chaos;

/// Nothing: without the console there are no rules.
#[cfg(not(feature = "console"))]
#[derive(Debug, Clone, Default)]
pub(crate) struct Chaos {}

#[cfg(not(feature = "console"))]
impl mailchute::Install for Chaos {
    fn install(self, builder: mailchute::Builder) -> mailchute::Builder {
        builder
    }
}
