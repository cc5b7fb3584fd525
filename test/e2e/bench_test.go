package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What is measured works on a small scale: every operation is answered without an
// error, over HTTP, on the bare store and by the program beside. How fast it is says nothing here.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures for some seconds whatever it finds")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	plain := filepath.Join(t.TempDir(), "plain")
	build := exec.CommandContext(ctx, "go", "build", "-o", plain, ".")
	build.Dir, build.Env = filepath.Join("..", "plain"), append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program beside: %v\n%s", err, said)
	}
	command := exec.CommandContext(ctx, binary, "bench", "--beside", plain, "--rows", "300", "--seconds", "0.3", "--connections", "4", "--tenants", "3")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // so that it ends its server
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), log.String())
	}
	if strings.Contains(out.String(), "ERRORS") {
		t.Errorf("operations failed:\n%s", out.String())
	}
	number := regexp.MustCompile(`\d+(\.\d+)?`)
	for operation, numbers := range map[string]int{
		"bulk load (1 connection)": 11, "read": 11, "list: filter, sort, 50, no total": 11, "the same rows for an admin": 3, "the same with total": 11,
		"text search": 11, "aggregate, own rows": 11, "aggregate, all rows (admin)": 11, "update": 11, "create": 11,
		"make a tenant": 1, "start to ready, 1 tenant": 1, "start to ready, 3 tenants (copies of a file)": 1,
		"start to ready, 1 tenant: memory when idle": 1, "memory after the load": 1, "memory after the load, program beside": 1, "list under the row policy": 1,
		"add a field to the full table": 1, "add an object with 30 fields": 1,
	} {
		rest := ""
		for line := range strings.Lines(out.String()) {
			if after, ok := strings.CutPrefix(line, operation); ok {
				rest = after
				break
			}
		}
		found := number.FindAllString(rest, -1)
		if len(found) < numbers {
			t.Errorf("%s has %d numbers, not %d: %q", operation, len(found), numbers, rest)
			continue
		}
		if first, err := strconv.ParseFloat(found[0], 64); err != nil || first <= 0 {
			t.Errorf("%s is %v a second", operation, found[0])
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// A target for load from outside serves what its files say: every operation can be
// sent, and the rows of others are not shown.
func TestBenchTarget(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	command := exec.CommandContext(ctx, binary, "bench", "--serve-target", dir, "--rows", "200")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		command.Wait() //nolint:errcheck // it was interrupted
	})
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.HasPrefix(lines.Text(), "serving"); {
	}
	raw, err := os.ReadFile(filepath.Join(dir, "target.json"))
	if err != nil {
		t.Fatal(err)
	}
	var target struct {
		Base      string
		Forbidden string `json:"forbidden_path"`
		Headers   map[string]string
		Ops       map[string]struct {
			Method, Path, Body string
			Headers            map[string]string
		}
	}
	if err := json.Unmarshal(raw, &target); err != nil {
		t.Fatal(err)
	}
	ids, err := os.ReadFile(filepath.Join(dir, "ids.txt"))
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Fields(string(ids))
	if len(own) != 20 {
		t.Errorf("%d of 200 rows belong to one of ten people", len(own))
	}
	fill := strings.NewReplacer("{{id}}", own[0], "{{n}}", "7x0x1", "{{status}}", "customer", "{{term}}", "cobalt")
	send := func(method, path, body string, headers ...map[string]string) int {
		request, err := http.NewRequestWithContext(ctx, method, target.Base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range headers {
			for name, value := range h {
				request.Header.Set(name, value)
			}
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if len(target.Ops) != 8 {
		t.Errorf("%d operations", len(target.Ops))
	}
	for name, op := range target.Ops {
		if status := send(op.Method, fill.Replace(op.Path), fill.Replace(op.Body), target.Headers, op.Headers); status >= 300 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := send("GET", target.Forbidden, "", target.Headers); status != http.StatusNotFound && status != http.StatusForbidden {
		t.Errorf("a row of somebody else: %d", status)
	}
}
