package main

import (
	"math"
	"runtime/debug"
	"testing"
)

// The process is limited by what there is, unless somebody has said otherwise.
func TestMemoryIsLimited(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	limit, err := limitMemory(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if limit < 64<<20 || limit > 1<<50 || debug.SetMemoryLimit(-1) != limit {
		t.Errorf("the limit is %d, and %d holds", limit, debug.SetMemoryLimit(-1))
	}
	debug.SetMemoryLimit(1 << 30) // as the runtime does for GOMEMLIMIT
	limit, err = limitMemory(func(string) string { return "1GiB" })
	if err != nil || limit != 1<<30 {
		t.Errorf("a limit of 1 GiB became %d: %v", limit, err)
	}
	if small, large := forConfigurations(1<<30), forConfigurations(1<<40); small != 1<<30/5 || large != mostConfigurations {
		t.Errorf("configurations may take %d of 1 GiB and %d of 1 TiB", small, large)
	}
}
