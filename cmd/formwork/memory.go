package main

import (
	"errors"
	"fmt"
	"math"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Of the memory that there is, the process keeps to memoryShare; the rest is for
// what is not counted: stacks of C, buffers of files, other programs. Compiled configurations
// may take configurationShare of that together, and not more than mostConfigurations.
const (
	memoryShare        = 0.85
	configurationShare = 0.2
	mostConfigurations = 352 << 20 // bytes
)

// errNoLimit: nobody knows how much memory there is.
var errNoLimit = errors.New("the memory of the machine is not known")

// limitMemory has the collector keep the process to the memory of its container or,
// outside of one, of the machine, and gives that limit in bytes. A limit that GOMEMLIMIT
// sets stays. If it is not known how much there is, the error says so and there is none.
func limitMemory(getenv func(string) string) (int64, error) {
	if getenv("GOMEMLIMIT") == "" {
		from := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)
		there, err := from()
		if err != nil {
			return math.MaxInt64, fmt.Errorf("finding out how much memory there is: %w", err)
		}
		debug.SetMemoryLimit(int64(memoryShare * float64(min(there, math.MaxInt64))))
	}
	limit := debug.SetMemoryLimit(-1) // asks
	if limit == math.MaxInt64 {
		return limit, errNoLimit
	}
	return limit, nil
}

// forConfigurations is how many bytes the compiled configurations that are kept may take
// under a limit.
func forConfigurations(limit int64) int64 {
	return min(int64(configurationShare*float64(limit)), mostConfigurations)
}
