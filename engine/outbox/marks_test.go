package outbox_test

import (
	"errors"
	"testing"
	"time"

	"formwork/engine/outbox"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// A process finds by marks what others wrote, and settles a mark when every consumer has
// taken it, or for when one that failed is tried again.
func TestMarks(t *testing.T) {
	h := newHouse(t)
	acme, failing := h.tenant("acme"), h.tenant("failing")
	h.tenant("idle")
	h.write(acme, 1, 2)
	h.write(failing, 1)
	marks, taken := &teststore.Marks{}, &taker{fail: func(in store.Tenant, _ []int) error {
		if in.Name() == "failing" {
			return errors.New("broken pipe")
		}
		return nil
	}}
	for _, name := range []string{"acme", "failing", "idle", "gone"} {
		marks.Add(outbox.Topic, name)
	}
	h.dispatcher(func(o *outbox.Options) {
		sharedBy("a")(o)
		o.Marks, o.Poll, o.Backoff = marks, time.Millisecond, time.Minute
	}, outbox.Consumer{Name: "one", Handle: taken.handle})
	h.until("what others wrote", taken.has(1, 2))
	for name, want := range map[string]time.Time{"acme": {}, "idle": {}, "failing": h.clock.now().Add(time.Minute)} {
		var next time.Time
		h.until("the mark to be settled", func() (settled bool) {
			next, settled = marks.Settled(outbox.Topic, name)
			return settled
		})
		if !next.Equal(want) {
			t.Errorf("%s: settled until %v, want %v", name, next, want)
		}
	}
}

// A consumer that is new gets what is kept in tenants in which nothing happens.
func TestNewConsumerIsShownIdleTenants(t *testing.T) {
	h := newHouse(t)
	h.write(h.tenant("acme"), 1, 2)
	marks, taken := &teststore.Marks{}, &taker{}
	marks.Add("consumer_new", "acme")
	h.dispatcher(func(o *outbox.Options) {
		sharedBy("a")(o)
		o.Marks, o.Poll = marks, time.Millisecond
	}, outbox.Consumer{Name: "new", Handle: taken.handle})
	h.until("what is kept", taken.has(1, 2))
}
