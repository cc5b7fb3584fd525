package cell

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Marks implements store.Store: those of all cells; nil if a cell has none, so that one
// process serves all of them.
func (s *Store) Marks() store.Marks {
	for _, c := range s.o.Cells {
		if c.Marks() == nil {
			return nil
		}
	}
	return marks{s}
}

// marks are those of the tenants of each cell. A tenant that has come to a cell was never
// marked there, and so is due.
type marks struct{ s *Store }

// Take implements store.Marks. What moves have left behind is passed over.
func (m marks) Take(ctx context.Context, topic string, limit int, again time.Duration) (all []store.Mark, err error) {
	for _, cell := range m.s.names {
		if len(all) == limit {
			break
		}
		taken, err := m.s.o.Cells[cell].Marks().Take(ctx, topic, limit-len(all), again)
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", cell, err)
		}
		for _, one := range taken {
			if one.Tenant == directoryTenant {
				continue
			}
			in, err := m.s.Cell(ctx, one.Tenant)
			if err != nil && !fault.Is(err, "tenant.not_found") {
				return nil, err
			}
			if in == cell {
				all = append(all, one)
			}
		}
	}
	return all, nil
}

// Settle implements store.Marks.
func (m marks) Settle(ctx context.Context, one store.Mark, next time.Time) error {
	in, err := m.s.Cell(ctx, one.Tenant)
	if err != nil {
		return err
	}
	c, ok := m.s.o.Cells[in]
	if !ok {
		return noCell(in, one.Tenant)
	}
	return c.Marks().Settle(ctx, one, next)
}
