// Package cell spreads tenants over several stores, the cells, and moves them from one to
// another while they are used.
//
// A directory says which cell each tenant is in. It is kept in the primary cell, as rows of
// a tenant that nobody else sees. Processes keep what they read of it for Options.Fresh, and
// for a quarter of that of a tenant that is being moved. Nothing is written on older
// knowledge; see tenant.Write and Store.Move for why no acknowledged write is lost.
//
// All processes that use a primary cell use it as one: Founded tells whether it is one.
package cell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Primary is the name of the cell that has the directory, and in which tenants are made.
const Primary = "primary"

// Cell is one store.
type Cell struct {
	store.Store
	// LongestWrite is how long a transaction may go on after it has read: a move waits for
	// so long before it copies. 0 where writes of a tenant follow one another.
	LongestWrite time.Duration
}

// Options of a store of cells. All processes that use the same directory have the same.
type Options struct {
	Cells map[string]Cell // Primary among them
	IDs   *id.Source
	Now   func() time.Time
	// Fresh is how long a process may take what it read of the directory for true; 0: a second.
	Fresh time.Duration
	// Patience is how long a write waits while its tenant is being moved, before it fails
	// with "tenant.moving" (Unavailable); 0: five seconds.
	Patience time.Duration
}

// Store is a store.Store over its cells.
type Store struct {
	o         Options
	names     []string // of the cells
	directory store.Tenant

	mu    sync.Mutex
	known map[string]entry
}

var _ store.Store = (*Store)(nil)

// Founded reports whether a store is a primary cell: whether it has a directory.
func Founded(ctx context.Context, s store.Store) (bool, error) {
	t, err := s.Tenant(ctx, directoryTenant)
	if fault.Is(err, "tenant.not_found") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return hasTable(ctx, t, directoryTable)
}

func hasTable(ctx context.Context, t store.Tenant, name string) (bool, error) {
	tables, err := t.Tables(ctx)
	return slices.ContainsFunc(tables, func(t store.Table) bool { return t.Name == name }), err
}

// New puts cells together, and makes the directory if there is none. Closing the store closes
// the cells.
func New(ctx context.Context, o Options) (*Store, error) {
	if _, ok := o.Cells[Primary]; !ok {
		return nil, fmt.Errorf("there is no cell %q", Primary)
	}
	if o.Fresh == 0 {
		o.Fresh = time.Second
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	s := &Store{o: o, names: slices.Sorted(maps.Keys(o.Cells)), known: map[string]entry{}}
	if err := s.found(ctx); err != nil {
		return nil, fmt.Errorf("opening the directory of tenants: %w", err)
	}
	return s, nil
}

func notFound(name string) error {
	return fault.New(fault.NotFound, "tenant.not_found", "tenant", name)
}

func exists(name string) error {
	return fault.New(fault.Conflict, "tenant.exists", "tenant", name)
}

func noCell(cell, name string) error {
	return fault.New(fault.Unavailable, "tenant.no_cell", "tenant", name, "cell", cell)
}

// moving is the fault of what can't be done while a tenant is being moved.
func moving(name string) error {
	return fault.New(fault.Unavailable, "tenant.moving", "tenant", name)
}

// in is a tenant of a cell.
func (s *Store) in(ctx context.Context, cell, name string) (store.Tenant, error) {
	c, ok := s.o.Cells[cell]
	if !ok {
		return nil, noCell(cell, name)
	}
	return c.Tenant(ctx, name)
}

// Tenant implements store.Store.
func (s *Store) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	if !store.ValidTenant(name) || name == directoryTenant {
		return nil, notFound(name)
	}
	e, err := s.lookup(ctx, name)
	if err != nil {
		return nil, err
	}
	inner, err := s.in(ctx, e.cell, name)
	if err != nil {
		return nil, err
	}
	return &tenant{store: s, name: name, row: e.id, moves: e.moves, inner: inner}, nil
}

// Cell tells in which cell a tenant is.
func (s *Store) Cell(ctx context.Context, name string) (string, error) {
	e, err := s.lookup(ctx, name)
	return e.cell, err
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, name string) (store.Tenant, error) {
	return s.make(ctx, name, func(in store.Store) error { _, err := in.Create(ctx, name); return err })
}

// Load implements store.Store. What was dumped while its tenant was being moved is not moved.
func (s *Store) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	return s.make(ctx, name, func(in store.Store) error {
		loaded, err := in.Load(ctx, name, r)
		if err != nil {
			return err
		}
		for _, table := range moveTables() {
			if err := loaded.Drop(ctx, table.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

// make makes a tenant in the primary cell and enters it into the directory, unless there
// is one in any cell.
func (s *Store) make(ctx context.Context, name string, do func(in store.Store) error) (store.Tenant, error) {
	if name == directoryTenant {
		return nil, exists(name)
	}
	if store.ValidTenant(name) {
		if _, err := s.Tenant(ctx, name); err == nil {
			return nil, exists(name)
		} else if !fault.Is(err, "tenant.not_found") {
			return nil, err
		}
		if err := s.strike(ctx, name); err != nil { // of a deletion that was interrupted
			return nil, err
		}
	}
	if err := do(s.o.Cells[Primary].Store); err != nil {
		return nil, err
	}
	return s.Tenant(ctx, name)
}

// Delete implements store.Store. A tenant that is being moved is not deleted. What moves have
// left of it in other cells goes first, so that a deletion that was interrupted leaves either
// the tenant or nothing.
func (s *Store) Delete(ctx context.Context, name string) error {
	s.forget(name)
	e, err := s.lookup(ctx, name)
	if err != nil {
		return err
	}
	if e.to != "" {
		return moving(name)
	}
	if err := s.sweepOthers(ctx, e.cell, name); err != nil {
		return err
	}
	c, ok := s.o.Cells[e.cell]
	if !ok {
		return noCell(e.cell, name)
	}
	deleted := c.Delete(ctx, name)
	if deleted != nil && !fault.Is(deleted, "tenant.not_found") {
		return deleted
	}
	return errors.Join(deleted, s.strike(ctx, name))
}

// sweepOthers removes what moves have left of a tenant in all cells but the one where it is.
func (s *Store) sweepOthers(ctx context.Context, but, name string) error {
	for _, cell := range s.names {
		if cell == but {
			continue
		}
		if err := s.sweep(ctx, cell, name); err != nil && !fault.Is(err, "tenant.exists") {
			return fmt.Errorf("cell %s: %w", cell, err)
		}
	}
	return nil
}

// sweep removes what moves have left of a tenant in a cell where it is not. Fault
// "tenant.exists" (Conflict) for a tenant that no move has brought there.
func (s *Store) sweep(ctx context.Context, cell, name string) error {
	left, err := s.in(ctx, cell, name)
	if fault.Is(err, "tenant.not_found") {
		return nil
	}
	if err != nil {
		return err
	}
	if moved, err := hasTable(ctx, left, gateTable); err != nil {
		return err
	} else if !moved {
		return exists(name)
	}
	if g, err := gateOf(ctx, left); err != nil {
		return err
	} else if g.mover == 0 {
		return exists(name)
	}
	return s.o.Cells[cell].Delete(ctx, name)
}

// Tenants implements store.Store.
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	names, err := s.o.Cells[Primary].Tenants(ctx)
	if err != nil {
		return nil, err
	}
	cells, err := s.entered(ctx)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		cell, ok := cells[name]
		return name == directoryTenant || ok && cell != Primary
	})
	for name, cell := range cells {
		if cell != Primary {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Format implements store.Store: it is that of the primary cell.
func (s *Store) Format(ctx context.Context) (int, error) { return s.o.Cells[Primary].Format(ctx) }

// Stamp implements store.Store.
func (s *Store) Stamp(ctx context.Context, format int) error {
	return s.each(func(c Cell) error { return c.Stamp(ctx, format) })
}

// Spread implements store.Spreader. Fault "mongo.not_sharded" (Invalid) for a tenant of a cell
// on one machine.
func (s *Store) Spread(ctx context.Context, tenant string, by map[string]query.Column) (kept []string, err error) {
	e, err := s.lookup(ctx, tenant)
	if err != nil {
		return nil, err
	}
	spreader, ok := s.o.Cells[e.cell].Store.(store.Spreader)
	if !ok {
		return nil, fault.New(fault.Invalid, "mongo.not_sharded")
	}
	return spreader.Spread(ctx, tenant, by)
}

// Size implements store.Store.
func (s *Store) Size(ctx context.Context) (all int64, err error) {
	err = s.each(func(c Cell) error {
		size, err := c.Size(ctx)
		all += size
		return err
	})
	return all, err
}

// Clock implements store.Store: it is that of the primary cell.
func (s *Store) Clock(ctx context.Context) (time.Time, error) { return s.o.Cells[Primary].Clock(ctx) }

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.each(func(c Cell) error { return c.Ping(ctx) })
}

// Close implements store.Store.
func (s *Store) Close() error { return s.each(func(c Cell) error { return c.Close() }) }

func (s *Store) each(do func(c Cell) error) (all error) {
	for _, name := range s.names {
		if err := do(s.o.Cells[name]); err != nil {
			all = errors.Join(all, fmt.Errorf("cell %s: %w", name, err))
		}
	}
	return all
}
