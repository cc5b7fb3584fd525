package workflows

import (
	"fmt"
	"testing"
	"time"
)

// The time after which a step is done again doubles up to a day, and is at most a fifth longer, not the same for all.
func TestPause(t *testing.T) {
	r := Retry{Times: 10, After: time.Hour}
	for n, full := range map[int]time.Duration{1: time.Hour, 2: 2 * time.Hour, 5: 16 * time.Hour, 6: 24 * time.Hour, 10: 24 * time.Hour} {
		known := map[time.Duration]bool{}
		for i := range 100 {
			pause := r.pause(n, fmt.Sprint("run ", i))
			if pause < full || pause >= full+full/5 {
				t.Errorf("for the time %d %v is waited, want %v and at most a fifth more", n, pause, full)
			}
			known[pause] = true
		}
		if len(known) < 90 {
			t.Errorf("for the time %d there are %d pauses of 100 runs", n, len(known))
		}
	}
}
