package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Bounds of a group: how many writes share a commit, and how long the first of
// them waits for the others.
const (
	groupSize = 256
	groupTime = 20 * time.Millisecond
)

// writer gives a tenant's one write connection to one caller at a time. There is
// no goroutine behind it: whoever comes when nobody is at work leads. The leader
// opens a transaction, runs its own function, then lets those who came meanwhile
// run theirs (each in its own goroutine), commits once for all of them, and hands
// the lead to the next who waits, or to the upkeep before that.
type writer struct {
	open      func() (*conn, error) // under the lead
	groupTime time.Duration         // how long the first of a group waits for the others
	upkeep    upkeep

	mu      sync.Mutex
	leading bool
	waiting []*request
	used    bool // by writes, since the last sweep

	// Below belongs to the leader.
	c      *conn
	tables map[string]*tableInfo
}

// request is one call that waits for its turn.
type request struct {
	fn    func(*tx) error   // a write that shares a commit
	alone func(*conn) error // or something that wants the connection for itself
	close func()            // or the end of it
	turn  chan turn
}

// turn is what a request that waits is told.
type turn struct {
	batch *batch     // run fn in it, answer on ran
	ran   chan error // capacity 1
	lead  bool       // become the leader
	err   error      // otherwise: the outcome
}

var errGoexit = errors.New("the function of a write ended its goroutine")

// write runs fn in a transaction that it shares with others.
func (w *writer) write(ctx context.Context, fn func(*tx) error) error {
	return w.do(ctx, &request{fn: fn, turn: make(chan turn, 1)})
}

// alone runs fn while nobody writes; it makes its own transactions.
func (w *writer) alone(ctx context.Context, fn func(*conn) error) error {
	return w.do(ctx, &request{alone: fn, turn: make(chan turn, 1)})
}

func (w *writer) do(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	w.used = w.used || r.fn != nil
	if !w.leading {
		w.leading = true
		w.mu.Unlock()
		return w.lead(r)
	}
	w.waiting = append(w.waiting, r)
	w.mu.Unlock()
	cancelled := ctx.Done()
	for {
		select {
		case t := <-r.turn:
			switch {
			case t.batch != nil:
				r.answer(t)
			case t.lead:
				return w.lead(r)
			default:
				return t.err
			}
		case <-cancelled:
			if w.withdraw(r) {
				return ctx.Err()
			}
			cancelled = nil // its turn has come: too late
		}
	}
}

// answer runs the function and tells the leader, whatever happens.
func (r *request) answer(t turn) {
	err := errGoexit
	defer func() { t.ran <- err }()
	err = t.batch.run(r.fn)
}

func (w *writer) withdraw(r *request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, other := range w.waiting {
		if other == r {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// take removes the first who waits, if it is a write.
func (w *writer) take() *request {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 || w.waiting[0].fn == nil {
		return nil
	}
	r := w.waiting[0]
	w.waiting = w.waiting[1:]
	return r
}

// handOver ends the lead. What is due of the upkeep is done first, but not by the caller,
// whose answer is ready.
func (w *writer) handOver() {
	if w.upkeepDue() {
		go func() {
			w.keepUp()
			w.next()
		}()
		return
	}
	w.next()
}

// next gives the lead to the first who waits.
func (w *writer) next() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		w.leading, w.waiting = false, nil
		return
	}
	next := w.waiting[0]
	w.waiting = w.waiting[1:]
	next.turn <- turn{lead: true}
}

func (w *writer) lead(r *request) (err error) {
	defer w.handOver()
	if r.close != nil {
		if w.c != nil {
			w.c.close()
			w.c = nil
		}
		r.close()
		return nil
	}
	if w.c == nil {
		if w.c, err = w.open(); err != nil {
			w.c = nil
			return err
		}
		w.tables = map[string]*tableInfo{}
	}
	if r.alone != nil {
		return r.alone(w.c)
	}
	return w.group(r)
}

// group runs r and whoever waits in one transaction. It returns r's outcome and
// tells the others theirs.
func (w *writer) group(r *request) error {
	b := &batch{c: w.c, tables: w.tables}
	if err := w.c.beginWrite(); err != nil {
		w.c.close() // and open it again next time: what is wrong may be its own
		w.c = nil
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	finished := false
	defer func() {
		if !finished { // r ended its goroutine; it ran first, so the transaction is its alone
			w.rollback()
		}
	}()
	began := time.Now()
	var members, refused []*request // that ran well, or not
	var reasons []error             // of those that did not
	own := b.run(r.fn)
	lost := !w.c.inTransaction()
	var ran chan error
	for n := 1; n < groupSize && !lost && time.Since(began) < w.groupTime; n++ {
		next := w.take()
		if next == nil {
			break
		}
		if ran == nil {
			ran = make(chan error, 1)
		}
		next.turn <- turn{batch: b, ran: ran}
		err := <-ran
		switch {
		case err == nil:
			members = append(members, next)
		case !w.c.inTransaction():
			lost = true
			next.turn <- turn{err: err}
		case errors.Is(err, errGoexit): // nobody waits for it any more
		default:
			refused, reasons = append(refused, next), append(reasons, err)
		}
	}
	finished = true
	w.upkeep.bulk = b.rows >= bulkRows
	if lost {
		return w.again(r, own, append(members, refused...))
	}
	err := b.commit()
	for _, m := range members {
		m.turn <- turn{err: err}
	}
	// What failed may have failed for what another wrote: by the time it is told,
	// everybody sees that, or else it is not told.
	for i, m := range refused {
		if err != nil {
			reasons[i] = err
		}
		m.turn <- turn{err: reasons[i]}
	}
	if own != nil {
		return own
	}
	return err
}

// bulkRows is the number of written rows from which on a batch is a bulk.
const bulkRows = 1_000

// commit makes the batch durable, or undoes it.
func (b *batch) commit() error {
	err := b.flush()
	if err == nil {
		if err = b.c.exec("COMMIT"); err == nil {
			return nil
		}
	}
	if b.c.inTransaction() {
		if undo := b.c.exec("ROLLBACK"); undo != nil {
			return fmt.Errorf("committing: %w (and rolling back: %w)", err, undo)
		}
	}
	return fmt.Errorf("committing: %w", err)
}

// again is for when SQLite undid the whole transaction on one member's error (a
// full disk, no memory): the others run once more, each for itself.
func (w *writer) again(r *request, own error, members []*request) error {
	single := func(run func(*batch) error) error {
		b := &batch{c: w.c, tables: w.tables}
		if err := w.c.beginWrite(); err != nil {
			return fmt.Errorf("beginning a transaction: %w", err)
		}
		if err := run(b); err != nil {
			w.rollback()
			return err
		}
		return b.commit()
	}
	for _, m := range members {
		m.turn <- turn{err: single(func(b *batch) error {
			ran := make(chan error, 1)
			m.turn <- turn{batch: b, ran: ran}
			return <-ran
		})}
	}
	if own != nil {
		return own
	}
	return single(func(b *batch) error { return b.run(r.fn) })
}

func (w *writer) rollback() {
	if w.c.inTransaction() {
		_ = w.c.exec("ROLLBACK") // fails only where there is nothing left to undo
	}
}

// run runs fn as one part of the batch; once more, carefully, where an attempt has to
// be undone that has no savepoint.
func (b *batch) run(fn func(*tx) error) error {
	err := b.try(b.begin(false), fn)
	if err == errAttempt {
		err = b.try(b.begin(true), fn)
	}
	return err
}

// try runs fn in x and ends x. A panic becomes an error.
func (b *batch) try(x *tx, fn func(*tx) error) (err error) {
	settled := false
	defer func() {
		if settled {
			return
		}
		switch p := recover(); p {
		case nil:
			_ = x.end(errGoexit) // the goroutine is ending; nobody reads an error
		case errAttempt:
			err = x.end(errAttempt)
		default:
			err = x.end(fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack()))
		}
	}()
	err = fn(x)
	settled = true
	return x.end(err)
}

// release closes the connection if nobody is at work; force even if it was used
// lately.
func (w *writer) release(force bool) {
	w.mu.Lock()
	used := w.used
	w.used = false
	if w.leading || (used && !force) {
		w.mu.Unlock()
		return
	}
	w.leading = true
	w.mu.Unlock()
	defer w.handOver()
	if w.c != nil {
		w.c.close()
		w.c = nil
	}
}

// active reports whether there were writes since the last sweep.
func (w *writer) active() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.used
}

// idle reports whether the connection is closed and nobody is at work.
func (w *writer) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.leading && w.c == nil
}

// grown lists tables that have grown so much that their statistics are of no use,
// and counts anew. Under the lead.
func (w *writer) grown() []string {
	var names []string
	for name, t := range w.tables {
		if t.inserted >= t.enough {
			names = append(names, name)
			t.inserted, t.enough = 0, 4*t.enough
		}
	}
	return names
}

// finish waits for its turn, runs fn and closes the connection.
func (w *writer) finish(fn func()) error {
	return w.do(context.Background(), &request{close: fn, turn: make(chan turn, 1)})
}
