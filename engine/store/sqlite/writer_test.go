package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
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
	tenant.writer.groupTime = time.Hour // so that all three share a group, however slow the machine is
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
			n, _ := tenant.Count(t.Context(), "deal", nil, nil, 0)
			refused <- err
			seen <- n
		}()
		tenant.writer.waitFor(t, 1)
		go func() {
			last <- tenant.Write(t.Context(), func(store.Tx) error {
				select {
				case err := <-refused:
					refused <- err
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

// A write of a group that has an attempt undone runs twice, and the others once.
func TestAttemptsOfOneOfAGroup(t *testing.T) {
	s := openWith(t, Options{})
	tenant := create(t, s, "acme")
	runs, others := 0, make(chan error, 2)
	insert := func(tx store.Tx, key id.ID) error {
		return tx.Insert(t.Context(), "deal", key, map[string]any{revenue.Name: int64(1)}, []string{"w"})
	}
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		go func() {
			others <- tenant.Write(t.Context(), func(tx store.Tx) error {
				runs++
				if err := insert(tx, 2); err != nil {
					return err
				}
				for key := range id.ID(3) {
					if refused, err := tx.Attempt(t.Context(), func() error { return insert(tx, 1+key) }); err != nil || (refused != nil) != (key < 2) {
						t.Errorf("%d: refused %v, over %v", 1+key, refused, err)
					}
				}
				_, err := tx.Attempt(t.Context(), func() error { return errors.Join(insert(tx, 4), errOver) })
				return err
			})
		}()
		tenant.writer.waitFor(t, 1)
		go func() {
			others <- tenant.Write(t.Context(), func(tx store.Tx) error { return insert(tx, 5) })
		}()
		tenant.writer.waitFor(t, 2)
		return insert(tx, 1)
	})
	for _, err := range []error{err, <-others, <-others} {
		if err != nil {
			t.Error(err)
		}
	}
	if runs != 2 {
		t.Errorf("%d runs", runs)
	}
	for _, words := range [][]query.Word{nil, {{Text: "w"}}} {
		if n, err := tenant.Count(t.Context(), "deal", nil, words, 0); n != 4 || err != nil {
			t.Errorf("%d rows with %v, %v", n, words, err)
		}
	}
}

// What a bulk wrote stays in the write-ahead log, where the next may write to the same pages,
// until a small write follows. Then it is copied beside the writer, and begins anew when the
// writer has copied what came meanwhile.
func TestLogOfABulk(t *testing.T) {
	s := openWith(t, Options{})
	tenant := create(t, s, "acme")
	size := func() int64 {
		info, err := os.Stat(filepath.Join(s.dir, "acme.db"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	insert := func(from, rows id.ID) {
		t.Helper()
		err := tenant.Write(t.Context(), func(tx store.Tx) error {
			for key := from; key < from+rows; key++ {
				if err := tx.Insert(t.Context(), "deal", key, map[string]any{name.Name: strings.Repeat("x", 8<<10)}, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const most = 4 << 20 // bytes of the file before, by far
	if insert(1, 1200); size() > most {
		t.Errorf("a bulk was checkpointed: the file has %d bytes", size())
	}
	insert(5000, 1)
	tenant.writer.waitForCopy(t)
	if size() < 1200*8<<10 {
		t.Errorf("after a small write the file has %d bytes", size())
	}
	insert(5001, 1) // after which the writer copies the rest
	insert(5002, 1)
	tenant.writer.under(t, func(c *conn) error {
		if c.logged > 50 {
			t.Errorf("the log has %d pages, and has not begun anew", c.logged)
		}
		return nil
	})
}
