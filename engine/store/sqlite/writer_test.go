package sqlite

import (
	"testing"
	"time"

	"formwork/engine/store"
)

// waitFor waits until n writes wait for their turn.
func (w *writer) waitFor(t *testing.T, n int) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		w.mu.Lock()
		waiting := len(w.waiting)
		w.mu.Unlock()
		if waiting >= n {
			return
		}
		if time.Since(began) > 10*time.Second {
			t.Errorf("%d writes wait, not %d", waiting, n)
			return
		}
	}
}

// Who is refused for what another has written in the same group is told when that
// can be read: not before it is committed.
func TestRefusedWhenTheReasonCanBeRead(t *testing.T) {
	s := openWith(t, Options{})
	tenant := create(t, s, "acme")
	refused, seen := make(chan error, 1), make(chan int64, 1)
	last := make(chan error, 1)
	write := func(key int64) func(tx store.Tx) error {
		return func(tx store.Tx) error {
			return tx.Insert(t.Context(), "deal", 7, map[string]any{revenue.Name: key}, nil)
		}
	}
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		go func() {
			err := tenant.Write(t.Context(), write(2)) // the id is taken
			n, _ := tenant.Count(t.Context(), "deal", nil, nil)
			refused <- err
			seen <- n
		}()
		tenant.writer.waitFor(t, 1)
		go func() {
			last <- tenant.Write(t.Context(), func(store.Tx) error {
				select {
				case <-refused:
					t.Error("was told before the group was committed")
				case <-time.After(50 * time.Millisecond):
				}
				return nil
			})
		}()
		tenant.writer.waitFor(t, 2)
		return write(1)(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-last; err != nil {
		t.Error(err)
	}
	if err := <-refused; err == nil {
		t.Error("the same id twice")
	}
	if n := <-seen; n != 1 {
		t.Errorf("sees %d records", n)
	}
}
