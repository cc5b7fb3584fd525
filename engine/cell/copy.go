package cell

import (
	"context"
	"errors"
	"io"

	"formwork/engine/store"
)

// copyRows makes a tenant in a cell with the rows of another as they are at one moment, but
// for rows of logs whose positions are not certain.
func copyRows(ctx context.Context, from store.Tenant, to store.Store, name string) (store.Tenant, error) {
	dumped, dump := io.Pipe()
	placed, place := io.Pipe()
	go func() { dump.CloseWithError(from.Dump(ctx, dump)) }()
	go func() {
		p := &placing{w: store.NewDumpWriter(place)}
		err := store.ReadDump(dumped, p)
		if err == nil {
			err = p.w.End()
		}
		dumped.CloseWithError(errors.Join(io.ErrClosedPipe, err))
		place.CloseWithError(err)
	}()
	copied, err := to.Load(ctx, name, placed)
	placed.CloseWithError(errors.Join(io.ErrClosedPipe, err))
	return copied, err
}

// placing is a store.Loader that writes a dump without the rows of logs that have no position
// yet. A dump has them at the ones that they would get if nothing were written any more; since
// more is, they are followed instead.
type placing struct {
	w   *store.DumpWriter
	log bool
	end int64 // of the log
}

func (p *placing) Stamp(format int) error { return p.w.Format(format) }

func (p *placing) Table(t store.Table, end int64) error {
	p.log, p.end = t.Log, end
	return p.w.Table(t, end)
}

func (p *placing) Rows(rows []store.FullRow) error {
	for _, row := range rows {
		if p.log && row.Position > p.end {
			continue
		}
		if err := p.w.Row(row); err != nil {
			return err
		}
	}
	return nil
}

func (p *placing) Indexes(indexes []store.Index) error { return p.w.Indexes(indexes) }
