package api

import (
	"log/slog"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/fault"
)

// Failed logins of one address before it has to wait, and logins under way at once:
// each costs some tens of milliseconds of a processor.
const (
	loginFailures = 30
	loginWindow   = 5 * time.Minute
	loginsAtOnce  = 100
	loginClients  = 10_000 // addresses that are remembered
)

// limiter counts by address what is refused: logins, and what is posted to workflows.
type limiter struct {
	what         string // for the log
	failed, busy string // the codes of its faults
	now          func() time.Time
	log          *slog.Logger
	clients      *lru.Cache[string, *attempts]
}

// attempts are the logins of one address in a window of time.
type attempts struct {
	failed, pending atomic.Int64
	since           time.Time
}

func newLimiter(what, failed, busy string, now func() time.Time, log *slog.Logger) *limiter {
	clients, err := lru.New[string, *attempts](loginClients)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &limiter{what: what, failed: failed, busy: busy, now: now, log: log, clients: clients}
}

// enter begins a login, and leave, which must be called, ends it. Faults: failed (Limited) for an
// address that failed too often, busy (Unavailable) for one that does too much at once.
func (l *limiter) enter(address string) (leave func(failed bool), err error) {
	now := l.now()
	a, ok := l.clients.Get(address)
	if ok && now.Sub(a.since) > loginWindow {
		l.clients.Remove(address)
		ok = false
	}
	if !ok {
		a = &attempts{since: now}
		if other, there, _ := l.clients.PeekOrAdd(address, a); there {
			a = other
		}
	}
	if a.failed.Load() >= loginFailures {
		left := loginWindow - now.Sub(a.since)
		return nil, fault.New(fault.Limited, l.failed, "seconds", int(left/time.Second)+1)
	}
	if a.pending.Add(1) > loginsAtOnce {
		a.pending.Add(-1)
		return nil, fault.New(fault.Unavailable, l.busy)
	}
	return func(failed bool) {
		a.pending.Add(-1)
		if !failed {
			return
		}
		switch a.failed.Add(1) {
		case 1:
			l.clients.Add(address, a) // it may have been forgotten meanwhile
		case loginFailures:
			l.log.Warn(l.what+" held", "client", address, "failed", loginFailures, "until", a.since.Add(loginWindow))
		}
	}, nil
}
