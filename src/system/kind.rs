//! What the unknowns of a system satisfy.

/// What the unknowns satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They minimise an energy.
    Energy,
    /// They are a stationary point of a free energy.
    Extremum,
    /// They are a fixed point.
    FixedPoint,
    /// They are a root.
    Residual,
    /// They move in time, which is the control.
    Flow,
    /// They move step by step; the control counts the steps.
    Iterate,
    /// There are none: the outputs are given in closed form.
    ClosedForm,
}

impl Kind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Energy => "minimum of an energy",
            Kind::Extremum => "stationary point of a free energy",
            Kind::FixedPoint => "fixed point",
            Kind::Residual => "root",
            Kind::Flow => "flow",
            Kind::Iterate => "iteration",
            Kind::ClosedForm => "closed form",
        }
    }

    /// Whether the unknowns move along the control from where they start.
    pub fn moves(self) -> bool {
        matches!(self, Kind::Flow | Kind::Iterate)
    }
}

/// When a flow or an iteration stops.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// Where nothing moves any more.
    Stationary,
    /// Where a condition becomes true, as written.
    When(String),
}
