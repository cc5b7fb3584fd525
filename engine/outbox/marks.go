package outbox

import (
	"context"
	"time"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// takeMost is how many marks are taken at a time.
const takeMost = 100

// topics are those of the marks that are followed. Nobody marks a tenant for that of a
// consumer, so each tenant is looked at once for a consumer that it has not known.
func (d *Dispatcher) topics() []string {
	all := []string{Topic}
	for _, l := range d.lanes {
		all = append(all, "consumer_"+l.consumer.Name)
	}
	return all
}

// followMarks looks at tenants whose marks are due until ctx ends.
func (d *Dispatcher) followMarks(ctx context.Context) {
	for ctx.Err() == nil {
		more := false
		for _, topic := range d.topics() {
			taken, err := d.options.Marks.Take(ctx, topic, takeMost, d.options.Poll)
			if err != nil && ctx.Err() == nil {
				d.options.Log.Error("looking for tenants that have events", "error", err)
			}
			for _, m := range taken {
				if err := d.followMark(ctx, m); err != nil && ctx.Err() == nil && !fault.Is(err, "tenant.not_found") {
					d.options.Log.Error("looking for the events of a tenant", "tenant", m.Tenant, "error", err)
				}
			}
			more = more || len(taken) == takeMost
		}
		if !more {
			rest(ctx, d.options.Poll)
		}
	}
}

// followMark wakes a tenant if there are events that a consumer has not taken, and else
// settles its mark.
func (d *Dispatcher) followMark(ctx context.Context, m store.Mark) error {
	t, err := d.options.Tenant(ctx, m.Tenant)
	if err != nil {
		return err
	}
	states, err := d.ensureStates(ctx, t)
	if err != nil {
		return err
	}
	end, err := t.LogEnd(ctx, EventTable)
	if err != nil {
		return err
	}
	next, behind := time.Time{}, false
	for _, l := range d.lanes {
		s := stateOf(states, l.consumer.Name)
		switch {
		case s == nil || s.Position >= end:
		case s.RetryAt.After(d.options.Now()):
			if next.IsZero() || s.RetryAt.Before(next) {
				next = s.RetryAt
			}
		default:
			behind = true
			l.wake(m.Tenant)
		}
	}
	if behind {
		return nil
	}
	return d.options.Marks.Settle(ctx, m, next)
}
