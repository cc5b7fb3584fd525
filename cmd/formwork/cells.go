package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"formwork/engine/cell"
	"formwork/engine/id"
	"formwork/engine/platform"
	"formwork/engine/store"
)

// cell is where a cell's data is.
func (s storage) cell(name string) storage {
	if name == cell.Primary {
		return storage{Data: s.Data, Database: s.Database, Standalone: s.Standalone}
	}
	if place := s.Cells[name]; !strings.HasPrefix(place, "mongodb") {
		return storage{Data: place}
	}
	return storage{Database: s.Cells[name], Standalone: s.Standalone}
}

// otherCells are the names of the cells but the primary one.
func (s storage) otherCells() []string { return slices.Sorted(maps.Keys(s.Cells)) }

// folders are those of all cells that are folders.
func (s storage) folders() (all []string) {
	for _, name := range append([]string{cell.Primary}, s.otherCells()...) {
		if one := s.cell(name); one.Database == "" {
			all = append(all, one.Data)
		}
	}
	return all
}

// openRows opens the store, of several cells if there are such. A store that was opened with
// others once is not opened without them: it does not have all tenants, and a server that
// knows nothing of moves would lose what is written while a tenant is moved.
func (s storage) openRows(ctx context.Context) (store.Store, error) {
	primary, err := s.openOne(ctx)
	if err != nil {
		return nil, err
	}
	founded, err := cell.Founded(ctx, primary)
	switch {
	case err != nil:
		return nil, errors.Join(err, primary.Close())
	case len(s.Cells) == 0 && !founded:
		return primary, nil
	case len(s.Cells) == 0:
		return nil, errors.Join(errors.New("the tenants of this store are in several cells; name the others with --cell"), primary.Close())
	}
	if !founded && s.Database == "" {
		unlock, err := lockFolder(s.Data)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w, without --cell; start it with the cells first", err), primary.Close())
		}
		defer unlock()
	}
	cells := map[string]cell.Cell{cell.Primary: s.asCell(primary)}
	closeAll := func(err error) error {
		for _, one := range cells {
			err = errors.Join(err, one.Close())
		}
		return err
	}
	for _, name := range s.otherCells() {
		if name == cell.Primary || !store.ValidTenant(name) {
			return nil, closeAll(fmt.Errorf("--cell: %q can't be the name of a cell", name))
		}
		if place := s.cell(name); place.folder() == s.folder() && place.Database == s.Database {
			return nil, closeAll(fmt.Errorf("--cell: %s is the cell %s already", s.Cells[name], cell.Primary))
		}
		opened, err := s.cell(name).openOne(ctx)
		if err != nil {
			return nil, closeAll(fmt.Errorf("opening the cell %s: %w", name, err))
		}
		cells[name] = s.cell(name).asCell(opened)
	}
	opened, err := cell.New(ctx, cell.Options{Cells: cells, IDs: id.NewSource(time.Now, rand.Uint32), Now: time.Now})
	if err != nil {
		return nil, closeAll(err)
	}
	return opened, nil
}

func (s storage) asCell(opened store.Store) cell.Cell {
	if s.Database == "" {
		return cell.Cell{Store: opened}
	}
	return cell.Cell{Store: opened, LongestWrite: platform.LongestTransaction}
}
