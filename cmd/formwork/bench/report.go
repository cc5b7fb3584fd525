package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
)

// report prints results as they come and the single facts at the end.
type report struct {
	out   io.Writer
	facts [][2]string
}

const columns = "%-36s %10s %9s %9s   %10s %9s %9s   %s\n"

func (r *report) head(o Options) {
	where := "SQLite files"
	if o.Database != "" {
		where = "a database"
	}
	fmt.Fprintf(r.out, "%d rows in %s, %d connections, %v each, %d processors, %s\n\n", o.Rows, where, o.Connections, o.Length, runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(r.out, columns, "", "over HTTP", "", "", "bare store", "", "", "HTTP /")
	fmt.Fprintf(r.out, columns, "operation", "a second", "p50 ms", "p99 ms", "a second", "p50 ms", "p99 ms", "bare")
}

// compare prints what an operation reached over HTTP and on the bare store.
func (r *report) compare(over, under Result, unit string) {
	line := fmt.Sprintf(columns, over.Name, count(over.PerSec), ms(over.P50), ms(over.P99), count(under.PerSec), ms(under.P50), ms(under.P99),
		fmt.Sprintf("%.2f", over.PerSec/under.PerSec))
	r.print(line, over.Errors, under.Errors)
	if unit != "" {
		fmt.Fprintf(r.out, "  (%s a second; times are of %d %s)\n", unit, batch, unit)
	}
}

// alone prints what has no counterpart.
func (r *report) alone(over Result) {
	r.print(fmt.Sprintf(columns, over.Name, count(over.PerSec), ms(over.P50), ms(over.P99), "", "", "", ""), over.Errors, 0)
}

func (r *report) print(line string, errors ...int64) {
	fmt.Fprint(r.out, line)
	for i, n := range errors {
		if n > 0 {
			fmt.Fprintf(r.out, "  %d ERRORS %s\n", n, []string{"over HTTP", "on the bare store"}[i])
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
