package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readconcern"
	"go.mongodb.org/mongo-driver/mongo/readpref"
	"go.mongodb.org/mongo-driver/mongo/writeconcern"

	"formwork/engine/fault"
	"formwork/engine/store"
)

const (
	writeTries    = 60          // transactions tried for one Write, some 25 s of waiting in all
	writeFor      = time.Minute // no new one is tried after; a server ends those that take longer
	firstPause    = 2 * time.Millisecond
	longestPause  = 500 * time.Millisecond
	commitTimeout = time.Minute // a commit is not given up with its caller
)

// Write implements store.Tenant. A transaction that met another one on the same
// rows is begun anew, and so is one whose server went away before the commit.
//
// The first run keeps back what it writes (see pending). The server ends a transaction in
// which it refused a duplicate. Where it refuses what was kept back, fn is left (by a
// panic that ends here) and run once more with nothing kept back, so that it is told at
// the call. Where it goes on after such a refusal, or an attempt has to be undone, it is
// left and run in a careful transaction: one that asks before it writes, so that the
// server has nothing to refuse, and can undo attempts.
func (t *Tenant) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	leave, err := t.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return t.write(ctx, fn)
}

// write is Write for who has registered already.
func (t *Tenant) write(ctx context.Context, fn func(tx store.Tx) error) error {
	if !t.store.transactions {
		return t.writeAlone(ctx, fn)
	}
	session, err := t.store.client.StartSession()
	if err != nil {
		return failed("starting a session", err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	if err := t.store.reach(ctx); err != nil {
		return err
	}
	keeps, careful, began := true, false, t.store.now()
	var met []row // that others had
	for try := 1; ; try++ {
		places, err := t.queues.wait(ctx, met)
		if err != nil {
			return err
		}
		tx := &tx{t: t, session: session, careful: careful, places: places}
		if keeps {
			tx.pending = &pending{}
		}
		err, again := t.transact(ctx, tx, fn)
		places.leave()
		if err == nil {
			t.store.acknowledged(ctx, session)
		}
		if !again {
			return err
		}
		if tx.unmade != "" {
			if err := t.makeCollection(ctx, tx.unmade); err != nil {
				return err
			}
		}
		met = append(met, tx.met...)
		if try == writeTries || t.store.now().Sub(began) > writeFor {
			if unreachable(err) {
				return err
			}
			return fault.New(fault.Unavailable, "store.busy").Because(err)
		}
		if tx.wentOn && !careful {
			keeps, careful = false, !keeps || tx.attempted
			continue
		}
		if atOnce(tx.lost) {
			continue
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// atOnce holds for what ended a transaction that may be begun anew without a pause: its
// turn is what it waits for, or all that it lacked is there.
func atOnce(err error) bool { return err == errTaken || err == errUnmade || err == errOutdated }

// errOutdated ends a write that did not know which keys rows claim now.
var errOutdated = errors.New("the keys that rows claim were changed")

var transaction = options.Transaction().
	SetReadConcern(readconcern.Snapshot()).
	SetWriteConcern(writeconcern.Majority()).
	SetReadPreference(readpref.Primary())

// transact tries one transaction; again says that nothing of it happened and that
// another try may do.
func (t *Tenant) transact(ctx context.Context, tx *tx, fn func(tx store.Tx) error) (err error, again bool) {
	if err := tx.session.StartTransaction(transaction); err != nil {
		return failed("starting a transaction", err), false
	}
	settled := false
	defer func() {
		if !settled { // also if fn never returns
			_ = tx.session.AbortTransaction(context.WithoutCancel(ctx))
		}
	}()
	err = run(ctx, tx, fn)
	switch {
	case tx.wentOn, atOnce(tx.lost):
		return tx.lost, true
	case tx.lost != nil && transient(tx.lost):
		return tx.lost, true
	case err != nil:
		return err, transient(err)
	case tx.lost != nil && isRefusal(tx.lost):
		tx.wentOn = true // fn takes the refusal for an answer
		return tx.lost, true
	case tx.lost != nil:
		return tx.lost, false
	case ctx.Err() != nil:
		return ctx.Err(), false
	}
	if tx.changed {
		if err := t.confirmMarked(ctx, tx.marks); err != nil {
			return err, false
		}
		if tx.outdated() {
			tx.lost = errOutdated
			return tx.lost, true
		}
	}
	settled = true
	return commit(ctx, tx.session)
}

// run calls fn, sends what was kept back, also if fn fails, for then it may be that fn would
// have been told of something else before, and makes an error of a panic.
func run(ctx context.Context, tx *tx, fn func(tx store.Tx) error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case left:
			err = tx.lost
		default:
			err = fmt.Errorf("mongo: a write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	err = fn(tx)
	if tx.lost == nil && ctx.Err() == nil { // else fn says in its own words what became of it
		err = cmp.Or(tx.send(ctx), err)
	}
	return err
}

// commit asks until it is known whether the transaction happened.
func commit(ctx context.Context, session driver.Session) (err error, again bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := session.CommitTransaction(ctx)
		if err == nil {
			return nil, false
		}
		if !hasLabel(err, labelUnknownCommit) {
			return failed("committing", err), transient(err)
		}
		if pause(ctx, try) != nil {
			return fault.New(fault.Unavailable, "mongo.unavailable").Because(fmt.Errorf("committing: %w", err)), false
		}
	}
}

// pause waits longer from try to try, and not as long as others who begin at once.
func pause(ctx context.Context, try int) error {
	wait := min(firstPause<<min(try-1, 16), longestPause)
	wait = wait/2 + rand.N(wait/2+1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// writeAlone runs fn without a transaction, one Write of a tenant at a time; see
// Options.AllowStandalone for what that does not give. As in Write, a first run that keeps
// back what it writes may be followed by one that does not.
func (t *Tenant) writeAlone(ctx context.Context, fn func(tx store.Tx) error) (err error) {
	select {
	case t.alone <- struct{}{}:
		defer func() { <-t.alone }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for keeps := true; ; {
		tx := &tx{t: t}
		if keeps {
			tx.pending = &pending{}
		}
		err = t.tryAlone(ctx, tx, fn)
		keeps = keeps && !tx.wentOn
		if !tx.wentOn && err != errOutdated {
			return err
		}
	}
}

// tryAlone runs fn once. If it fails, what it did is taken back step by step.
func (t *Tenant) tryAlone(ctx context.Context, tx *tx, fn func(tx store.Tx) error) (err error) {
	finished := false
	defer func() {
		if finished && err == nil {
			return
		}
		if failure := tx.takeBack(ctx, 0); failure != nil {
			tx.wentOn = false
			err = fmt.Errorf("%w; %w", err, failure)
		}
	}()
	err = run(ctx, tx, fn)
	finished = true
	err = cmp.Or(err, tx.lost, ctx.Err())
	if err == nil && tx.changed {
		err = t.confirmAlone(ctx)
		if err == nil && tx.outdated() {
			err = errOutdated
		}
	}
	return err
}
