// Package migration brings data that an older version of the program wrote to the form
// that this one keeps, and refuses what a newer one has written.
//
// The form is a number, which each tenant and the list of tenants carry as a stamp. Data
// without a stamp has format 1. A tenant is migrated when it is first opened.
package migration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// first is the format of data without a stamp.
const first = 1

// known bounds how many tenants are remembered as migrated. One that is forgotten has
// its stamp read once more.
const known = 4096

// Over is a store whose tenants have the format that the steps lead to. Faults:
// "store.newer_format" and "tenant.newer_format" (Unavailable) where a newer program
// has been at work.
func Over(s store.Store, steps []Step, log *slog.Logger) store.Store {
	return &migrated{Store: s, steps: steps, log: log, ready: map[string]bool{}, turns: map[string]chan struct{}{}}
}

type migrated struct {
	store.Store
	steps []Step
	log   *slog.Logger

	mu     sync.Mutex
	listed bool            // the stamp of the list of tenants was read
	ready  map[string]bool // tenants that have the newest format, by identity
	turns  map[string]chan struct{}
}

// newest is the format that this program keeps.
func (m *migrated) newest() int { return first + len(m.steps) }

// Tenant implements store.Store. It migrates the tenant first if it has an older format.
func (m *migrated) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	t, err := m.Store.Tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	if m.isReady(t) {
		return t, nil
	}
	if err := m.list(ctx); err != nil {
		return nil, err
	}
	done, err := m.enter(ctx, name)
	if err != nil {
		return nil, err
	}
	defer done()
	if m.isReady(t) {
		return t, nil
	}
	if err := m.migrate(ctx, t); err != nil {
		return nil, err
	}
	m.remember(t)
	return t, nil
}

// Create implements store.Store. A new tenant has the newest format.
func (m *migrated) Create(ctx context.Context, name string) (store.Tenant, error) {
	if err := m.list(ctx); err != nil {
		return nil, err
	}
	t, err := m.Store.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := t.Stamp(ctx, m.newest()); err != nil {
		return nil, fmt.Errorf("stamping the new tenant %s: %w", name, err)
	}
	return t, nil
}

// Load implements store.Store. What an older program dumped is migrated; what a newer one
// dumped is refused, and removed again.
func (m *migrated) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	if err := m.list(ctx); err != nil {
		return nil, err
	}
	t, err := m.Store.Load(ctx, name, r)
	if err != nil {
		return nil, err
	}
	if err := m.migrate(ctx, t); err != nil {
		return nil, errors.Join(err, m.Store.Delete(context.WithoutCancel(ctx), name))
	}
	return t, nil
}

// Tenants implements store.Store.
func (m *migrated) Tenants(ctx context.Context) ([]string, error) {
	if err := m.list(ctx); err != nil {
		return nil, err
	}
	return m.Store.Tenants(ctx)
}

// migrate runs the steps that a tenant lacks, and stamps it after each.
func (m *migrated) migrate(ctx context.Context, t store.Tenant) error {
	has, err := t.Format(ctx)
	if err != nil {
		return fmt.Errorf("reading the format of tenant %s: %w", t.Name(), err)
	}
	if has > m.newest() {
		return fault.New(fault.Unavailable, "tenant.newer_format", "tenant", t.Name(), "format", has, "known", m.newest())
	}
	for at := max(has, first); at < m.newest(); at++ {
		step := m.steps[at-first]
		m.log.Info("migrating a tenant", "tenant", t.Name(), "format", at+1, "does", step.Does)
		if err := step.Run(ctx, t); err != nil {
			return fmt.Errorf("migrating tenant %s to format %d: %w", t.Name(), at+1, err)
		}
		if err := t.Stamp(ctx, at+1); err != nil {
			return fmt.Errorf("stamping tenant %s with format %d: %w", t.Name(), at+1, err)
		}
	}
	if has != 0 || len(m.steps) > 0 {
		return nil
	}
	if err := t.Stamp(ctx, first); err != nil {
		return fmt.Errorf("stamping tenant %s with format %d: %w", t.Name(), first, err)
	}
	return nil
}

// list looks, once, at the stamp of the list of tenants. The list has no steps of its own
// yet, so that all there is to do is to put the stamp there.
func (m *migrated) list(ctx context.Context) error {
	m.mu.Lock()
	listed := m.listed
	m.mu.Unlock()
	if listed {
		return nil
	}
	has, err := m.Store.Format(ctx)
	if err != nil {
		return fmt.Errorf("reading the format of the list of tenants: %w", err)
	}
	if has > first {
		return fault.New(fault.Unavailable, "store.newer_format", "format", has, "known", first)
	}
	if has == 0 {
		if err := m.Store.Stamp(ctx, first); err != nil {
			return fmt.Errorf("stamping the list of tenants: %w", err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed = true
	return nil
}

func (m *migrated) isReady(t store.Tenant) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ready[t.Identity()]
}

func (m *migrated) remember(t store.Tenant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ready) >= known {
		clear(m.ready)
	}
	m.ready[t.Identity()] = true
}

// enter waits until nobody of this process migrates the tenant; done must be called after.
func (m *migrated) enter(ctx context.Context, name string) (done func(), err error) {
	for {
		m.mu.Lock()
		turn := m.turns[name]
		if turn == nil {
			turn = make(chan struct{})
			m.turns[name] = turn
			m.mu.Unlock()
			return func() {
				m.mu.Lock()
				defer m.mu.Unlock()
				delete(m.turns, name)
				close(turn)
			}, nil
		}
		m.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
