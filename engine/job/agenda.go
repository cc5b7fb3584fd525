package job

import (
	"container/heap"
	"sync"
	"time"
)

// maxTenants is how many tenants an agenda remembers for later.
const maxTenants = 10_000

// agenda is which tenants are to be looked at, and when. A tenant with nothing to wait
// for is not in it. Safe for concurrent use.
type agenda struct {
	perTenant int // jobs of a tenant at a time
	capacity  int // tenants that wait in it; 0: any number

	mu               sync.Mutex
	tenants          map[string]*watch
	due              queue
	turns            int64
	nextForgottenDue time.Time // when the first tenant comes due that was forgotten for want of a place; zero: none was
}

// watch is what is known of a tenant.
type watch struct {
	tenant  string
	due     time.Time // when it is looked at next; zero: when somebody wakes it
	running int       // jobs under way
	looking bool
	busy    bool      // a job began at the last look, so the next one probably finds one too
	resting bool      // nothing was found just now: it is not looked at again before rested or ended
	swept   time.Time // when its old jobs were looked for; zero: not yet
	turn    int64     // of those due at one time, the one that was looked at longest ago comes first
	place   int       // in the queue; -1: not in it
}

func newAgenda(perTenant, capacity int) *agenda {
	return &agenda{perTenant: perTenant, capacity: capacity, tenants: map[string]*watch{}}
}

// wake has a tenant looked at now.
func (a *agenda) wake(tenant string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.tenants[tenant]
	if w == nil {
		a.turns++
		w = &watch{tenant: tenant, turn: a.turns, place: -1}
		a.tenants[tenant] = w
	}
	w.look(now)
	a.put(w)
}

// look has the tenant looked at at a time, unless it is earlier anyway.
func (w *watch) look(at time.Time) {
	if w.due.IsZero() || at.Before(w.due) {
		w.due = at
	}
}

// next takes the tenant that has been due for longest; none: how long to wait, a
// minute at most. busy says that the last look at it found a job. looked tells what was
// seen of it.
func (a *agenda) next(now time.Time) (tenant string, busy bool, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.due) == 0 {
		return "", false, time.Minute
	}
	w := a.due[0]
	if w.due.After(now) {
		return "", false, min(max(w.due.Sub(now), time.Millisecond), time.Minute)
	}
	a.turns++
	w.looking, w.due, w.turn = true, time.Time{}, a.turns
	a.put(w)
	return w.tenant, w.busy, 0
}

// looked notes what was seen of a tenant: whether a job of it begins, and when it is
// worth looking again (zero: when it is woken). If that is not at once, the tenant rests
// until rested is called, so that saves that follow each other quickly wake it once.
func (a *agenda) looked(tenant string, now, again time.Time, begins bool) (rests bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.tenants[tenant] // stays for as long as it is looked at
	w.looking, w.busy = false, begins
	if begins {
		w.running++
	}
	w.resting = again.IsZero() || again.After(now)
	if !again.IsZero() {
		w.look(again)
	}
	a.put(w)
	return w.resting
}

// rested ends the rest of a tenant.
func (a *agenda) rested(tenant string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.tenants[tenant]; w != nil {
		w.resting = false
		a.put(w)
	}
}

// ended notes that a job of a tenant runs no more: the next one may begin.
func (a *agenda) ended(tenant string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.tenants[tenant]
	w.running--
	w.resting = false
	w.look(now)
	a.put(w)
}

// sweepDue reports, once in a while, that the old jobs of a tenant that runs one are to
// be looked for.
func (a *agenda) sweepDue(tenant string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.tenants[tenant]
	if now.Sub(w.swept) < sweepEvery {
		return false
	}
	w.swept = now
	return true
}

// put sorts a tenant in after it changed, or forgets it.
func (a *agenda) put(w *watch) {
	if w.place >= 0 {
		heap.Remove(&a.due, w.place)
	}
	switch {
	case !w.due.IsZero() && !w.looking && !w.resting && w.running < a.perTenant:
		heap.Push(&a.due, w)
	case w.due.IsZero() && !w.looking && !w.resting && w.running == 0:
		delete(a.tenants, w.tenant)
	}
	if a.capacity > 0 && len(a.due) > a.capacity {
		a.forgetLast()
	}
}

// forgetLast forgets the tenant that is due last, and remembers when that is.
func (a *agenda) forgetLast() {
	var last *watch
	for _, w := range a.due {
		if w.running == 0 && (last == nil || w.due.After(last.due)) {
			last = w
		}
	}
	if last == nil {
		return
	}
	if a.nextForgottenDue.IsZero() || last.due.Before(a.nextForgottenDue) {
		a.nextForgottenDue = last.due
	}
	heap.Remove(&a.due, last.place)
	delete(a.tenants, last.tenant)
}

// active lists the tenants in which work is due or under way, in no order.
func (a *agenda) active(now time.Time) (tenants []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, w := range a.tenants {
		if w.running > 0 || w.looking || !w.due.IsZero() && !w.due.After(now) {
			tenants = append(tenants, name)
		}
	}
	return tenants
}

// roundDue reports, once, whether a tenant that was forgotten has come due.
func (a *agenda) roundDue(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nextForgottenDue.IsZero() || a.nextForgottenDue.After(now) {
		return false
	}
	a.nextForgottenDue = time.Time{}
	return true
}

// queue is a heap of the tenants that wait to be looked at.
type queue []*watch

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].turn < q[j].turn
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *queue) Push(w any) {
	added := w.(*watch)
	added.place = len(*q)
	*q = append(*q, added)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	w.place = -1
	return w
}
