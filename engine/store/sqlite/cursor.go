package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// cursor walks through the rows of some statements, one after the other.
type cursor struct {
	c        *conn
	ctx      context.Context
	gone     func() error // may be nil: why no more rows may be read
	rest     []statement
	limit    int // rows still wanted; -1: all
	storages []fieldtype.Storage

	current *stmt
	row     store.Row   // reused for every row
	ahead   []store.Row // read before they were asked for
	drained bool
	err     error
}

func newCursor(ctx context.Context, c *conn, statements []statement, limit int, storages []fieldtype.Storage) *cursor {
	if limit == 0 {
		limit = -1
	}
	return &cursor{c: c, ctx: ctx, rest: statements, limit: limit, storages: storages, row: make(store.Row, len(storages))}
}

// next returns the next row, valid until the one after it; nil at the end.
func (k *cursor) next() (store.Row, error) {
	if k.drained {
		if len(k.ahead) > 0 {
			row := k.ahead[0]
			k.ahead = k.ahead[1:]
			return row, nil
		}
		return nil, k.err
	}
	return k.read()
}

func (k *cursor) read() (store.Row, error) {
	more, err := k.advance()
	if err != nil || !more {
		return nil, err
	}
	return k.row, k.decode()
}

// advance goes to the next row of current; false at the end.
func (k *cursor) advance() (bool, error) {
	if err := k.ctx.Err(); err != nil {
		return false, err
	}
	if k.gone != nil {
		if err := k.gone(); err != nil {
			return false, err
		}
	}
	k.c.ctx = k.ctx
	for {
		if k.current == nil {
			if len(k.rest) == 0 || k.limit == 0 {
				return false, nil
			}
			if err := k.begin(k.rest[0]); err != nil {
				return false, err
			}
			k.rest = k.rest[1:]
		}
		more, err := k.current.step()
		if err != nil {
			return false, queryError(err)
		}
		if more {
			if k.limit > 0 {
				k.limit--
			}
			return true, nil
		}
		k.current.reset()
		k.current = nil
	}
}

func (k *cursor) begin(s statement) error {
	prepared, err := k.c.prepare(s.text)
	if err != nil {
		return queryError(err)
	}
	k.current = prepared
	return prepared.bind(s.args)
}

// decode reads the current row. A value equal to the one of the row before is not
// made again, which spares most of the memory that columns of few values take.
func (k *cursor) decode() error {
	s := k.current
	for i, storage := range k.storages {
		if s.isNull(i) {
			k.row[i] = nil
			continue
		}
		switch storage {
		case fieldtype.Int:
			v := s.integer(i)
			if before, ok := k.row[i].(int64); !ok || before != v {
				k.row[i] = v
			}
		case fieldtype.Text:
			raw := s.raw(i)
			if before, ok := k.row[i].(string); !ok || before != string(raw) {
				k.row[i] = string(raw)
			}
		case fieldtype.Bool:
			k.row[i] = s.integer(i) != 0
		case fieldtype.JSON:
			k.row[i] = json.RawMessage(slices.Clone(s.raw(i)))
		case fieldtype.List:
			var list []string
			if err := json.Unmarshal(s.raw(i), &list); err != nil {
				return fmt.Errorf("reading a list: %w", err)
			}
			k.row[i] = list
		default:
			return fmt.Errorf("a column of storage %d can't be read", storage)
		}
	}
	return nil
}

// drain reads the rest now, before what it reads is changed.
func (k *cursor) drain() {
	if k.drained {
		return
	}
	for {
		row, err := k.read()
		if row == nil || err != nil {
			k.err = err
			break
		}
		k.ahead = append(k.ahead, slices.Clone(row))
	}
	k.drained = true
	k.stop()
}

// stop ends the statement under way.
func (k *cursor) stop() {
	if k.current != nil {
		k.current.reset()
		k.current = nil
	}
	k.rest = nil
}

// queryError is the fault for what SQLite refuses to compile, or err.
func queryError(err error) error {
	for _, limit := range []string{"too many terms", "Expression tree is too large", "too many SQL variables", "parser stack overflow", "at most 64 tables"} {
		if strings.Contains(err.Error(), limit) {
			return fault.New(fault.Limited, "query.too_complex").Because(err)
		}
	}
	if hasCode(err, lib.SQLITE_TOOBIG) {
		return fault.New(fault.Limited, "query.too_complex").Because(err)
	}
	return err
}

func storagesOf(refs []query.Ref) []fieldtype.Storage {
	storages := make([]fieldtype.Storage, len(refs))
	for i, ref := range refs {
		storages[i] = ref.Column.Storage
	}
	return storages
}
