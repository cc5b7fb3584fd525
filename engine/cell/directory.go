package cell

import (
	"context"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// directoryTenant is the tenant of the primary cell that holds the directory.
const directoryTenant = "formwork-directory"

const directoryTable = "_tenant"

var (
	colName  = query.Column{Name: "name", Storage: fieldtype.Text}
	colCell  = query.Column{Name: "cell", Storage: fieldtype.Text}
	colMoves = query.Column{Name: "moves", Storage: fieldtype.Int}
	colTo    = query.Column{Name: "to", Storage: fieldtype.Text}
	colMover = query.Column{Name: "mover", Storage: fieldtype.Int}
	colBeat  = query.Column{Name: "beat", Storage: fieldtype.Int}

	entryColumns = []query.Column{query.Version, colName, colCell, colMoves, colTo, colMover, colBeat}
)

// mostKnown bounds how many entries are remembered.
const mostKnown = 10_000

// deadAfter is the age of its last beat from which on a move is given up by whoever meets it.
const deadAfter = time.Minute

// entry is what the directory says of a tenant.
type entry struct {
	id      id.ID // tells the tenant from former ones of its name
	version int64
	cell    string
	moves   int64     // how often the tenant has come to another cell
	to      string    // where it is being moved; "" if it is not
	mover   id.ID     // who moves it
	beat    time.Time // when the mover last said so
	read    time.Time // when this was read
}

// goes has the tenant be in another cell, if it is not there yet.
func (e *entry) goes(cell string) {
	if e.cell != cell {
		e.cell, e.moves = cell, e.moves+1
	}
}

// fresh is how long an entry may be taken for true.
func (s *Store) fresh(e entry) time.Duration {
	if e.to != "" {
		return s.o.Fresh / 4
	}
	return s.o.Fresh
}

// settling is how long it takes until all know what the directory says of a tenant that is
// being moved: twice the time for which they take it for true.
func (s *Store) settling() time.Duration { return s.o.Fresh / 2 }

func (s *Store) isFresh(e entry) bool { return s.o.Now().Sub(e.read) < s.fresh(e) }

// found opens the directory, which is made if it is not there.
func (s *Store) found(ctx context.Context) error {
	primary := s.o.Cells[Primary]
	opened, err := primary.Tenant(ctx, directoryTenant)
	if fault.Is(err, "tenant.not_found") {
		if opened, err = primary.Create(ctx, directoryTenant); fault.Is(err, "tenant.exists") {
			opened, err = primary.Tenant(ctx, directoryTenant) // another process was faster
		}
	}
	if err != nil {
		return err
	}
	s.directory = opened
	return opened.Define(ctx, store.Table{Name: directoryTable, Columns: entryColumns,
		Indexes: []store.Index{{Name: "name", Unique: true, Columns: []store.IndexColumn{{Column: colName}}}}})
}

// lookup is what the directory says, as it was lately. A tenant that the directory does not
// have is in the primary cell, and is entered.
func (s *Store) lookup(ctx context.Context, name string) (entry, error) {
	s.mu.Lock()
	e, ok := s.known[name]
	s.mu.Unlock()
	if ok && s.isFresh(e) {
		return e, nil
	}
	for {
		e, ok, err := s.read(ctx, name)
		if err != nil {
			return entry{}, err
		}
		if ok {
			s.remember(name, e)
			return e, nil
		}
		if _, err := s.in(ctx, Primary, name); err != nil {
			return entry{}, err
		}
		if err := s.enter(ctx, name); err != nil {
			return entry{}, err
		}
	}
}

func (s *Store) remember(name string, e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.known[name]; ok && have.id == e.id && have.version > e.version {
		return // somebody began to read later
	}
	if len(s.known) >= mostKnown {
		clear(s.known)
	}
	s.known[name] = e
}

func (s *Store) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, name)
}

// read reads an entry.
func (s *Store) read(ctx context.Context, name string) (e entry, ok bool, err error) {
	began := s.o.Now()
	found, ok, err := store.First(ctx, s.directory, query.Select{Table: directoryTable, Filter: query.Is(colName, name)},
		append([]query.Column{query.ID}, entryColumns...)...)
	if err != nil || !ok {
		return e, false, err
	}
	return entry{id: found.ID(query.ID), version: found.Int(query.Version), cell: found.Text(colCell), moves: found.Int(colMoves), to: found.Text(colTo),
		mover: found.ID(colMover), beat: found.Time(colBeat), read: began}, true, nil
}

// enter adds a tenant of the primary cell, unless somebody else has.
func (s *Store) enter(ctx context.Context, name string) error {
	err := s.directory.Write(ctx, func(tx store.Tx) error {
		return tx.Insert(ctx, directoryTable, s.o.IDs.Next(), map[string]any{query.Version.Name: int64(1), colName.Name: name, colCell.Name: Primary}, nil)
	})
	if fault.Is(err, "store.not_unique") {
		return nil
	}
	return err
}

// change changes an entry if it still is what was read. Fault "store.stale".
func (s *Store) change(ctx context.Context, name string, e entry) (entry, error) {
	values := map[string]any{query.Version.Name: e.version + 1, colCell.Name: e.cell, colMoves.Name: e.moves, colTo.Name: store.Text(e.to), colMover.Name: int64(e.mover), colBeat.Name: e.beat.UnixMilli()}
	began := s.o.Now()
	err := s.directory.Write(ctx, func(tx store.Tx) error { return tx.Update(ctx, directoryTable, e.id, e.version, values, nil) })
	s.forget(name)
	if err != nil {
		return e, err
	}
	e.version, e.read = e.version+1, began
	return e, nil
}

// strike removes a tenant from the directory. No error if it is not there.
func (s *Store) strike(ctx context.Context, name string) error {
	e, ok, err := s.read(ctx, name)
	if err != nil || !ok {
		return err
	}
	defer s.forget(name)
	return s.directory.Write(ctx, func(tx store.Tx) error { return tx.Delete(ctx, directoryTable, e.id) })
}

// entered are the cells of all tenants that the directory has.
func (s *Store) entered(ctx context.Context) (map[string]string, error) {
	cells := map[string]string{}
	for found, err := range store.Find(ctx, s.directory, query.Select{Table: directoryTable}, colName, colCell) {
		if err != nil {
			return nil, err
		}
		cells[found.Text(colName)] = found.Text(colCell)
	}
	return cells, nil
}
