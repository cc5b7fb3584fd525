package job

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
)

// How a run ended, besides Done, Failed and Cancelled.
const (
	Retried = "retried" // it failed, and is tried again later
	Stopped = "stopped" // the process stopped; the job goes on at the next start
	Lost    = "lost"    // another process took it over
)

// Outcomes are all ways in which a run ends.
func Outcomes() []string { return []string{Done, Failed, Retried, Cancelled, Stopped, Lost} }

// OtherKinds stands for all kinds that a process does not know.
const OtherKinds = "other"

// Figures are those of one kind in this process.
type Figures struct {
	Kind string
	Runs map[string]int64 // that ended since the start, by outcome
	Took time.Duration    // those runs, together
	// Running and Waiting are how many jobs are under way, and due and not begun, in the
	// tenants that were counted last; of those that are due, Oldest is when the first came
	// due, zero if there is none.
	Running, Waiting int64
	Oldest           time.Time
}

// ledger keeps the figures of a runner. Safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	runs    map[string]map[string]int64 // by kind and outcome
	took    map[string]time.Duration    // by kind
	tenants map[string][]standing       // that had open jobs when they were last counted
	last    string                      // the tenant that was counted last
}

// standing is how many jobs of a kind are open in a tenant.
type standing struct {
	kind   string
	begun  bool
	count  int64
	oldest time.Time // that came due
}

func newLedger() *ledger {
	return &ledger{runs: map[string]map[string]int64{}, took: map[string]time.Duration{}, tenants: map[string][]standing{}}
}

// ran notes that a run ended.
func (l *ledger) ran(kind, outcome string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.runs[kind] == nil {
		l.runs[kind] = map[string]int64{}
	}
	l.runs[kind][outcome]++
	l.took[kind] += took
}

// counted notes what is open in a tenant; nothing forgets it.
func (l *ledger) counted(tenant string, open []standing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = tenant
	if len(open) == 0 {
		delete(l.tenants, tenant)
		return
	}
	l.tenants[tenant] = open
}

// turn picks the tenants to count: of those that are given and those that had open jobs,
// the ones whose turn it is, at most limit.
func (l *ledger) turn(active []string, limit int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.AppendSeq(active, maps.Keys(l.tenants))
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) <= limit {
		return all
	}
	after, found := slices.BinarySearch(all, l.last)
	if found {
		after++
	}
	all = slices.Concat(all[after:], all[:after])
	return all[:limit]
}

const (
	measureEvery = 15 * time.Second
	measureMost  = 200 // tenants that are counted at a time
)

// Figures are those of all kinds, by name. It asks no store.
func (r *Runner) Figures() []Figures {
	l := r.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]*Figures{OtherKinds: {Kind: OtherKinds}}
	for kind := range r.kinds {
		all[kind] = &Figures{Kind: kind, Runs: maps.Clone(l.runs[kind]), Took: l.took[kind]}
	}
	for _, open := range l.tenants {
		for _, s := range open {
			f := all[s.kind]
			if f == nil {
				f = all[OtherKinds]
			}
			if s.begun {
				f.Running += s.count
				continue
			}
			f.Waiting += s.count
			if f.Oldest.IsZero() || s.oldest.Before(f.Oldest) {
				f.Oldest = s.oldest
			}
		}
	}
	return slices.SortedFunc(func(yield func(Figures) bool) {
		for _, f := range all {
			if !yield(*f) {
				return
			}
		}
	}, func(a, b Figures) int { return cmp.Compare(a.Kind, b.Kind) })
}

// measure counts for Figures until ctx ends.
func (r *Runner) measure(ctx context.Context) {
	for ctx.Err() == nil {
		rest(ctx, measureEvery)
		r.Measure(ctx)
	}
}

// Measure counts the open jobs of the tenants in which work is due or under way, some
// hundreds at a time; Run has it done every 15 seconds. Tenants without such work are not
// asked.
func (r *Runner) Measure(ctx context.Context) {
	for _, tenant := range r.ledger.turn(r.agenda.active(r.o.Now()), measureMost) {
		if ctx.Err() != nil {
			return
		}
		open, err := r.standings(ctx, tenant)
		if err != nil && !fault.Is(err, "tenant.not_found") {
			if ctx.Err() == nil {
				r.o.Log.Warn("counting the jobs of a tenant", "tenant", tenant, "error", err)
			}
			continue
		}
		r.ledger.counted(tenant, open)
	}
}

// standings counts the jobs of a tenant that are under way, or due.
func (r *Runner) standings(ctx context.Context, tenant string) (found []standing, err error) {
	t, err := r.o.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	q := query.Aggregate{Table: table,
		Filter:   query.And(query.Is(colPhase, open), query.Compare{Ref: query.Field(colRunAt), Op: query.Le, Value: r.o.Now().UnixMilli()}),
		Groups:   []query.Group{{Ref: query.Field(colKind)}, {Ref: query.Field(colState)}},
		Measures: []query.Measure{{Op: query.Count}, {Op: query.Min, Ref: query.Field(colRunAt)}}}
	for row, err := range t.Aggregate(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("counting jobs: %w", err)
		}
		kind, _ := row[0].(string)
		oldest, _ := row[3].(int64)
		count, _ := row[2].(int64)
		found = append(found, standing{kind: kind, begun: row[1] == any(Running), count: count, oldest: time.UnixMilli(oldest).UTC()})
	}
	return found, nil
}

// Stuck is a job that does not come on.
type Stuck struct {
	*Job
	Since time.Time // when it came due, or, of one that runs, was last seen to come on
}

// stuckMost is how many of a tenant are told.
const stuckMost = 20

// FindStuck finds jobs that came due before a time and have not begun, and those that run
// and have saved nothing since. A job whose lane is held up by one of these is not told.
func FindStuck(ctx context.Context, from store.Reader, before time.Time) ([]Stuck, error) {
	due := lookup{part: whole, limit: stuckMost, sort: []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}},
		filter: query.And(query.Compare{Ref: query.Field(colDue), Op: query.Gt, Value: int64(0)}, query.Compare{Ref: query.Field(colDue), Op: query.Lt, Value: before.UnixMilli()})}
	running := underLease
	running.part, running.limit = whole, stuckMost
	running.filter = query.And(underLease.filter, query.Compare{Ref: query.Field(colLease), Op: query.Lt, Value: before.UnixMilli()})
	var all []Stuck
	for _, asked := range []lookup{due, running} {
		rows, err := asked.rows(ctx, from)
		if err != nil {
			return nil, err
		}
		for _, j := range rows {
			since := j.RunAt
			if j.holder != "" {
				since = time.UnixMilli(j.lease).UTC()
			}
			all = append(all, Stuck{&j.Job, since})
		}
	}
	return all, nil
}
