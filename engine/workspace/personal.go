package workspace

import (
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// personalTable has a row for each user who keeps something, by the user's id, and one that
// whoever counts shared views holds.
const personalTable = "_personal"

var (
	colSettings   = query.Column{Name: "settings", Storage: fieldtype.JSON}
	colFavourites = query.Column{Name: "favourites", Storage: fieldtype.JSON} // of marks
	colRecent     = query.Column{Name: "recent", Storage: fieldtype.JSON}     // of marks
)

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	return []store.Table{{Name: personalTable, Columns: []query.Column{colSettings, colFavourites, colRecent}}, tableOfViews()}
}

// Personal is what a user keeps but for saved lists, as it is stored.
type Personal struct {
	Settings   json.RawMessage // an object
	favourites []mark
	recent     []mark
}

// Personal reads the caller's.
func (s *Session) Personal(ctx context.Context) (*Personal, error) {
	return readPersonal(ctx, s.tenant, s.caller.User)
}

// readPersonal reads a user's.
func readPersonal(ctx context.Context, from store.Reader, user id.ID) (*Personal, error) {
	row, known, err := store.First(ctx, from, query.Select{Table: personalTable, Filter: query.Is(query.ID, int64(user))}, colSettings, colFavourites, colRecent)
	if err != nil {
		return nil, fmt.Errorf("reading what a user keeps: %w", err)
	}
	p := &Personal{Settings: json.RawMessage("{}")}
	if !known {
		return p, nil
	}
	if row.Has(colSettings) {
		p.Settings = row.JSON(colSettings)
	}
	if p.favourites, err = marksOf(row.JSON(colFavourites)); err == nil {
		p.recent, err = marksOf(row.JSON(colRecent))
	}
	return p, err
}

// change has a function change what the caller keeps, in a transaction. It returns the column
// that it has changed and the column's new value; no column: nothing has changed.
func (s *Session) change(ctx context.Context, do func(p *Personal) (column query.Column, value json.RawMessage, err error)) error {
	return s.write(ctx, func(tx store.Tx) error {
		if err := hold(ctx, tx, s.caller.User); err != nil {
			return err
		}
		p, err := readPersonal(ctx, tx, s.caller.User)
		if err != nil {
			return err
		}
		column, value, err := do(p)
		if err != nil || column.Name == "" {
			return err
		}
		if err := tx.Update(ctx, personalTable, s.caller.User, 0, map[string]any{column.Name: value}, nil); err != nil {
			return fmt.Errorf("writing what a user keeps: %w", err)
		}
		return nil
	})
}

// write runs fn in one transaction. It is run once more where another made the row meanwhile
// that hold makes.
func (s *Session) write(ctx context.Context, fn func(tx store.Tx) error) error {
	return budget.From(ctx).While(ctx, func() error {
		err := s.tenant.Write(ctx, fn)
		if fault.Is(err, "store.duplicate_id") {
			err = s.tenant.Write(ctx, fn)
		}
		return err
	})
}

// hold makes transactions that hold the same row come one after another. It makes the
// row if there is none.
func hold(ctx context.Context, tx store.Tx, row id.ID) error {
	if err := tx.Lock(ctx, personalTable, row); err != nil {
		return err
	}
	n, err := tx.Count(ctx, personalTable, query.Is(query.ID, int64(row)), nil, 1)
	if err != nil || n > 0 {
		return err
	}
	if err := tx.Insert(ctx, personalTable, row, map[string]any{}, nil); err != nil {
		return fmt.Errorf("making a place for what a user keeps: %w", err)
	}
	return nil
}
