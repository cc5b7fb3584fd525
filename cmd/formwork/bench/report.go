package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"formwork/engine/demo"
)

// report prints results as they come and the single facts at the end.
type report struct {
	out   io.Writer
	facts [][2]string
	// beside: there is a program beside, and three columns for it.
	beside bool
}

const (
	columns       = "%-36s %10s %9s %9s   %10s %9s %9s   %6s"
	columnsBeside = "   %10s %9s %9s   %8s"
)

func (r *report) head(o Options) {
	r.beside = o.Beside != ""
	where := "SQLite files"
	if o.Database != "" {
		where = "a database"
	}
	fmt.Fprintf(r.out, "%d rows in %s, %d connections, %v each, %d processors, %s\n\n", o.Rows, where, o.Connections, o.Length, runtime.NumCPU(), runtime.Version())
	r.line([]any{"", "over HTTP", "", "", "bare store", "", "", "HTTP /"}, []any{"beside", "", "", "HTTP /"})
	r.line([]any{"operation", "a second", "p50 ms", "p99 ms", "a second", "p50 ms", "p99 ms", "bare"}, []any{"a second", "p50 ms", "p99 ms", "beside"})
}

// line prints a line of the table.
func (r *report) line(cells, besides []any) {
	fmt.Fprintf(r.out, columns, cells...)
	if r.beside {
		fmt.Fprintf(r.out, columnsBeside, besides...)
	}
	fmt.Fprintln(r.out)
}

// compare prints what an operation reached over HTTP, on the bare store and, if there is one,
// in the program beside.
func (r *report) compare(over, under Result, beside *Result, unit string) {
	cells := append(append([]any{over.Name}, figures(over)...), append(figures(under), ratio(over, under))...)
	if beside == nil {
		r.line(cells, []any{"", "", "", ""})
		beside = &Result{}
	} else {
		r.line(cells, append(figures(*beside), ratio(over, *beside)))
	}
	r.failed(over.Errors, under.Errors, beside.Errors)
	if unit != "" {
		fmt.Fprintf(r.out, "  (%s a second; times are of %d %s)\n", unit, demo.Batch, unit)
	}
}

// alone prints what has no counterpart.
func (r *report) alone(over Result) {
	r.line(append(append([]any{over.Name}, figures(over)...), "", "", "", ""), []any{"", "", "", ""})
	r.failed(over.Errors)
}

func figures(of Result) []any { return []any{count(of.PerSec), ms(of.P50), ms(of.P99)} }

func ratio(of, to Result) string { return fmt.Sprintf("%.2f", of.PerSec/to.PerSec) }

func (r *report) failed(errors ...int64) {
	for i, n := range errors {
		if n > 0 {
			fmt.Fprintf(r.out, "  %d ERRORS %s\n", n, []string{"over HTTP", "on the bare store", "beside"}[i])
		}
	}
}

// fact is a single number.
func (r *report) fact(what, value string) { r.facts = append(r.facts, [2]string{what, value}) }

func (r *report) end() {
	fmt.Fprintln(r.out)
	for _, f := range r.facts {
		fmt.Fprintf(r.out, "%-72s %s\n", f[0], f[1])
	}
}

func count(perSec float64) string {
	if perSec < 100 {
		return fmt.Sprintf("%.1f", perSec)
	}
	return fmt.Sprintf("%.0f", perSec)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}

func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// raw is JSON inside of JSON.
type raw = json.RawMessage

func unmarshal(from []byte, to any) error {
	if err := json.Unmarshal(from, to); err != nil {
		return fmt.Errorf("reading what to measure: %w", err)
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copying a tenant: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copying a tenant: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return fmt.Errorf("copying a tenant: %w", err)
	}
	return out.Close()
}
