package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progressLine shows how far long work is: on a terminal one line that changes, else
// a line every few seconds.
type progressLine struct {
	w        io.Writer
	terminal bool
	last     time.Time
	shown    bool
}

func newProgressLine(w io.Writer) *progressLine {
	line := &progressLine{w: w, last: time.Now()}
	if file, ok := w.(*os.File); ok {
		if info, err := file.Stat(); err == nil {
			line.terminal = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return line
}

// show replaces what was shown.
func (l *progressLine) show(text string) {
	if l.terminal {
		fmt.Fprintf(l.w, "\r\x1b[K%s", text)
		l.shown = true
	} else if time.Since(l.last) > 5*time.Second {
		fmt.Fprintln(l.w, text)
		l.last = time.Now()
	}
}

// end clears the line.
func (l *progressLine) end() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
}
