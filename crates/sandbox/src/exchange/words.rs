//! The words of the protocol that are one of a list.

/// An enumeration and how the protocol writes its members.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = concat!("`", $text, "`")] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As the protocol writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads it.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == text)
            }
        }
    };
}

words! {
    /// Whether coins are bought or sold.
    Side { Buy = "BUY", Sell = "SELL" }
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

words! {
    /// What an order does.
    Kind {
        Limit = "LIMIT", Market = "MARKET", LimitMaker = "LIMIT_MAKER", StopLoss = "STOP_LOSS",
        StopLossLimit = "STOP_LOSS_LIMIT", TakeProfit = "TAKE_PROFIT", TakeProfitLimit = "TAKE_PROFIT_LIMIT",
    }
}

impl Kind {
    /// Whether it waits for a price before it works.
    #[must_use]
    pub const fn is_contingent(self) -> bool {
        matches!(self, Self::StopLoss | Self::StopLossLimit | Self::TakeProfit | Self::TakeProfitLimit)
    }

    /// Whether it trades at a price of its own or better.
    #[must_use]
    pub const fn has_price(self) -> bool {
        matches!(self, Self::Limit | Self::LimitMaker | Self::StopLossLimit | Self::TakeProfitLimit)
    }

    /// Whether a fall of the price sets it off; else a rise does.
    #[must_use]
    pub const fn fires_on_fall(self, side: Side) -> bool {
        matches!(self, Self::StopLoss | Self::StopLossLimit) == matches!(side, Side::Sell)
    }
}

words! {
    /// How long an order stays.
    TimeInForce { Gtc = "GTC", Ioc = "IOC", Fok = "FOK" }
}

words! {
    /// What happens where an account would trade with itself.
    SelfTrade {
        None = "NONE", ExpireTaker = "EXPIRE_TAKER", ExpireMaker = "EXPIRE_MAKER", ExpireBoth = "EXPIRE_BOTH",
    }
}

words! {
    /// How far an order has come.
    Status {
        New = "NEW", PartiallyFilled = "PARTIALLY_FILLED", Filled = "FILLED", Canceled = "CANCELED",
        Rejected = "REJECTED", Expired = "EXPIRED", ExpiredInMatch = "EXPIRED_IN_MATCH",
    }
}

/// Every step that an order may take; all others are refused.
pub const TURNS: &[(Status, Status)] = &[
    (Status::New, Status::PartiallyFilled),
    (Status::New, Status::Filled),
    (Status::New, Status::Canceled),
    (Status::New, Status::Rejected),
    (Status::New, Status::Expired),
    (Status::New, Status::ExpiredInMatch),
    (Status::PartiallyFilled, Status::PartiallyFilled),
    (Status::PartiallyFilled, Status::Filled),
    (Status::PartiallyFilled, Status::Canceled),
    (Status::PartiallyFilled, Status::Expired),
    (Status::PartiallyFilled, Status::ExpiredInMatch),
];

impl Status {
    /// Whether [`TURNS`] has the step.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        TURNS.contains(&(self, next))
    }

    /// Whether the order can still trade.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled)
    }
}

words! {
    /// Whether a symbol is traded.
    SymbolStatus { Trading = "TRADING", Break = "BREAK", Halt = "HALT" }
}
