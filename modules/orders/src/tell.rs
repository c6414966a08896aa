//! What a book has written, for those who listen: as it is shown to those who ask.

use crate::{
    FILLS, ORDERS,
    book::{Entry, Execution, Tracked},
    service::{Fill, Order},
    store::{kind, purpose, side, size},
};
use kit::{Result, TenantTx, Time};
use trading::time::Timestamp;
use uuid::Uuid;

/// Tells the orders that were placed or have changed.
pub(crate) async fn orders(tx: &mut TenantTx, changed: &[Entry<'_>]) -> Result<()> {
    let orders: Vec<_> = changed.iter().map(|it| (it.bot, Order::of(it.bot, it.order))).collect();
    stream::publish(tx, &ORDERS, &orders).await
}

/// Tells the executions, each under its id.
pub(crate) async fn fills(tx: &mut TenantTx, ids: &[Uuid], executions: &[(Entry<'_>, &Execution)]) -> Result<()> {
    let fill = |(id, (of, execution)): (&Uuid, &(Entry<'_>, &Execution))| {
        let ids = (*id, of.order.id.unwrap_or_default());
        (of.bot, Fill::of(of.bot, ids, execution))
    };
    let fills: Vec<_> = ids.iter().zip(executions).map(fill).collect();
    stream::publish(tx, &FILLS, &fills).await
}

impl Order {
    fn of(bot: Uuid, tracked: &Tracked) -> Self {
        let order = &tracked.order;
        let (kind, price, trigger_price) = kind(order.kind);
        let (quantity, quote) = size(order.size);
        Self {
            id: tracked.id.unwrap_or_default(),
            client_order_id: order.client_order_id.to_string(),
            bot_id: bot,
            symbol: tracked.symbol.as_str().to_owned(),
            side: side(order.side).to_owned(),
            kind: kind.to_owned(),
            price,
            trigger_price,
            quantity,
            quote,
            filled_quantity: tracked.filled.decimal().normalize(),
            average_price: tracked.average_price(),
            status: tracked.status.as_str().to_owned(),
            purpose: purpose(order.purpose).to_owned(),
            reason: tracked.reason.clone(),
            adopted: tracked.adopted,
            created_at: time(tracked.created_at),
            updated_at: time(tracked.updated_at),
        }
    }
}

impl Fill {
    fn of(bot: Uuid, (id, order): (Uuid, Uuid), execution: &Execution) -> Self {
        let fill = &execution.fill;
        let (fee, fee_asset) = execution.fee();
        Self {
            id,
            order_id: order,
            client_order_id: fill.client_order_id.to_string(),
            bot_id: bot,
            symbol: execution.symbol.as_str().to_owned(),
            side: side(fill.side).to_owned(),
            trade_number: execution.trade_number,
            price: fill.price.decimal().normalize(),
            quantity: fill.quantity.decimal().normalize(),
            fee,
            fee_asset: fee_asset.to_owned(),
            maker: execution.maker(),
            at: time(fill.at),
        }
    }
}

fn time(at: Timestamp) -> Time {
    Time::from_millis(at.millis())
}
