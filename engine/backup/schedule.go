package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// lookEvery is how often a schedule looks for tenants whose copy is due.
const lookEvery = time.Minute

// Schedule says how often copies are taken and which are kept.
type Schedule struct {
	Every time.Duration
	Keep  Rule
}

// Run takes the copies of all tenants that are due until ctx ends. What fails is logged and
// tried again. One process of a store runs it.
func (k *Keeper) Run(ctx context.Context, s Schedule, log *slog.Logger) {
	taken := map[string]time.Time{}
	for {
		if err := k.TakeDue(ctx, s, taken); err != nil && ctx.Err() == nil {
			log.Error("backup", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// TakeDue copies the tenants whose last copy is as old as the schedule says, one after the
// other, and removes old copies. taken remembers between calls when each was copied. A
// tenant that fails keeps no other from being copied.
func (k *Keeper) TakeDue(ctx context.Context, s Schedule, taken map[string]time.Time) error {
	names, err := k.Store.Tenants(ctx)
	if err != nil {
		return err
	}
	var all error
	for _, name := range names {
		if ctx.Err() != nil {
			return errors.Join(all, ctx.Err())
		}
		if _, known := taken[name]; !known {
			last, err := k.last(ctx, name)
			if err != nil {
				all = errors.Join(all, fmt.Errorf("tenant %s: %w", name, err))
				continue
			}
			if last != nil {
				taken[name] = last.Taken
			}
		}
		if k.Now().Sub(taken[name]) < s.Every {
			continue
		}
		c, err := k.Take(ctx, name)
		if err == nil {
			taken[name] = c.Taken
			_, err = k.Prune(ctx, name, s.Keep)
		}
		if err != nil {
			all = errors.Join(all, fmt.Errorf("tenant %s: %w", name, err))
		}
	}
	return all
}
