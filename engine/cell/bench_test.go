package cell_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"formwork/engine/cell"
	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
)

func benchFiles(b *testing.B) store.Store {
	s, err := sqlite.Open(b.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// What a write and a read cost more where there are cells.
func BenchmarkCells(b *testing.B) {
	for _, way := range []string{"one store", "cells"} {
		var s store.Store = benchFiles(b)
		if way == "cells" {
			s = cellsOver(b, s, 0)
		}
		made, err := s.Create(b.Context(), "acme")
		if err == nil {
			err = made.Define(b.Context(), lead)
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Run(way+"/write", func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				if err := made.Write(b.Context(), func(tx store.Tx) error { return tx.Delete(b.Context(), "lead", 1) }); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(way+"/read", func(b *testing.B) {
			for b.Loop() {
				if _, err := made.Count(b.Context(), "lead", nil, nil, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}
}

// What a directory of many tenants costs: its size, the list, and asking for one that is not
// known.
func BenchmarkDirectory(b *testing.B) {
	const tenants = 100_000
	primary := benchFiles(b)
	s := cellsOver(b, primary, time.Nanosecond)
	defer s.Close()
	if err := cell.Enter(b.Context(), s, tenants, func(n int) string { return fmt.Sprintf("tenant-%d", n) }); err != nil {
		b.Fatal(err)
	}
	size, err := primary.Size(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Tenants(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size)/tenants, "bytes/tenant")
	})
	b.Run("ask", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if _, err := s.Cell(b.Context(), fmt.Sprintf("tenant-%d", n*7919%tenants)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func cellsOver(b *testing.B, primary store.Store, fresh time.Duration) *cell.Store {
	s, err := cell.New(context.Background(), cell.Options{
		Cells: map[string]cell.Cell{cell.Primary: {Store: primary}, "other": {Store: benchFiles(b)}},
		IDs:   id.NewSource(time.Now, rand.Uint32), Now: time.Now, Fresh: fresh,
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
