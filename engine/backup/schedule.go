package backup

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

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

	mu      sync.Mutex
	figures Figures
	rounds  int64 // that are done
}

// Figures are those of backups in this process.
type Figures struct {
	Made, Failed int64 // copies, since the start
	// Missing is how many tenants have no copy, and Oldest when the newest copy was taken of
	// the tenant whose newest copy is the oldest; zero if there is none. Both are as the
	// last round saw them, or as far as the first one came.
	Missing int
	Oldest  time.Time
}

// Rounds prepares to take copies by a schedule. What is made and what fails is logged.
func (k *Keeper) Rounds(s Schedule, log *slog.Logger) *Rounds {
	return &Rounds{keeper: k, schedule: s, log: log}
}

// lookEvery is how often the place is looked through for copies that are due: they are late by no
// more than that. Nothing is remembered of a tenant in between.
func (s Schedule) lookEvery() time.Duration {
	return max(time.Minute, min(s.Every/8, time.Hour))
}

// Run takes the copies of all tenants that are due until ctx ends. What fails is tried again when
// it looks the next time.
func (r *Rounds) Run(ctx context.Context) {
	for {
		r.TakeDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.schedule.lookEvery()):
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
	var round Figures
	for i, name := range names {
		if ctx.Err() != nil {
			return
		}
		newest, err := r.takeDue(ctx, name)
		if err != nil {
			r.fail(ctx, name, err)
		}
		switch {
		case newest.IsZero():
			round.Missing++
		case round.Oldest.IsZero() || newest.Before(round.Oldest):
			round.Oldest = newest
		}
		r.saw(round, len(names)-i-1)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rounds++
	r.figures.Missing, r.figures.Oldest = round.Missing, round.Oldest
}

// takeDue copies a tenant if that is due, and says when its newest copy was taken, also if
// that fails; zero if there is none.
func (r *Rounds) takeDue(ctx context.Context, name string) (newest time.Time, err error) {
	if newest, err = r.keeper.newest(ctx, name); err != nil || r.keeper.Now().Sub(newest) < r.schedule.Every {
		return newest, err
	}
	c, err := r.keeper.Take(ctx, name)
	if err != nil {
		return newest, err
	}
	r.mu.Lock()
	r.figures.Made++
	r.mu.Unlock()
	removed, err := r.keeper.Prune(ctx, name, r.schedule.Keep)
	r.log.Info("backup made", "tenant", name, "taken", c.Taken, "bytes", c.Rows.Size, "files", c.Blobs, "removed", removed)
	return c.Taken, err
}

// Figures says how the backups stand. It asks no store.
func (r *Rounds) Figures() Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.figures
}

// saw tells how the first round stands: tenants that it has not come to count as without a copy.
func (r *Rounds) saw(round Figures, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rounds == 0 {
		r.figures.Missing, r.figures.Oldest = round.Missing+left, round.Oldest
	}
}

// fail counts and logs what failed, unless the process stops.
func (r *Rounds) fail(ctx context.Context, tenant string, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	r.figures.Failed++
	r.mu.Unlock()
	r.log.Error("backup failed", "tenant", tenant, "error", err)
}
