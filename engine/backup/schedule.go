package backup

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// lookEvery is how often a schedule looks for tenants whose copy is due.
const lookEvery = time.Minute

// Schedule says how often copies are taken and which are kept.
type Schedule struct {
	Every time.Duration
	Keep  Rule
}

// Rounds takes copies by a schedule. One process of a store runs it. Figures may be asked
// for meanwhile.
type Rounds struct {
	keeper   *Keeper
	schedule Schedule
	log      *slog.Logger

	mu           sync.Mutex
	newest       map[string]time.Time // when the newest copy of each tenant was taken; zero: there is none
	made, failed int64
}

// Figures are those of backups in this process.
type Figures struct {
	Made, Failed int64 // copies, since the start
	// Missing is how many tenants have no copy, and Oldest when the newest copy was taken of
	// the tenant whose newest copy is the oldest; zero if there is none. Both are as the
	// last round saw them.
	Missing int
	Oldest  time.Time
}

// Rounds prepares to take copies by a schedule. What is made and what fails is logged.
func (k *Keeper) Rounds(s Schedule, log *slog.Logger) *Rounds {
	return &Rounds{keeper: k, schedule: s, log: log, newest: map[string]time.Time{}}
}

// Run takes the copies of all tenants that are due until ctx ends. What fails is tried again.
func (r *Rounds) Run(ctx context.Context) {
	for {
		r.TakeDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// TakeDue copies the tenants whose last copy is as old as the schedule says, one after the
// other, and removes old copies. A tenant that fails keeps no other from being copied.
func (r *Rounds) TakeDue(ctx context.Context) {
	names, err := r.keeper.Store.Tenants(ctx)
	if err != nil {
		r.fail(ctx, "", err)
		return
	}
	r.know(names)
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		if err := r.takeDue(ctx, name); err != nil {
			r.fail(ctx, name, err)
		}
	}
}

// takeDue copies a tenant if that is due.
func (r *Rounds) takeDue(ctx context.Context, name string) error {
	newest := r.newestOf(name)
	if newest.IsZero() { // none, or none that this process knows
		last, err := r.keeper.last(ctx, name)
		if err != nil {
			return err
		}
		if last != nil {
			newest = last.Taken
			r.note(name, newest, 0)
		}
	}
	if r.keeper.Now().Sub(newest) < r.schedule.Every {
		return nil
	}
	c, err := r.keeper.Take(ctx, name)
	if err != nil {
		return err
	}
	r.note(name, c.Taken, 1)
	removed, err := r.keeper.Prune(ctx, name, r.schedule.Keep)
	r.log.Info("backup made", "tenant", name, "taken", c.Taken, "bytes", c.Rows.Size, "files", c.Blobs, "removed", removed)
	return err
}

// Figures says how the backups stand. It asks no store.
func (r *Rounds) Figures() Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := Figures{Made: r.made, Failed: r.failed}
	for _, taken := range r.newest {
		switch {
		case taken.IsZero():
			f.Missing++
		case f.Oldest.IsZero() || taken.Before(f.Oldest):
			f.Oldest = taken
		}
	}
	return f
}

// know forgets tenants that are gone, and takes in those that are new.
func (r *Rounds) know(names []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.newest
	r.newest = make(map[string]time.Time, len(names))
	for _, name := range names {
		r.newest[name] = before[name]
	}
}

func (r *Rounds) newestOf(name string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newest[name]
}

// note notes a tenant's newest copy.
func (r *Rounds) note(name string, taken time.Time, made int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.newest[name] = taken
	r.made += made
}

// fail counts and logs what failed, unless the process stops.
func (r *Rounds) fail(ctx context.Context, tenant string, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	r.failed++
	r.mu.Unlock()
	r.log.Error("backup failed", "tenant", tenant, "error", err)
}
