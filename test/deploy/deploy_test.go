// Package deploy checks the files in deploy/ by the parsers of those who read them, and
// against the program: its flags, and the metrics that a process of it shows.
package deploy

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const top = "../.."

// binary is the program, built by TestMain.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "formwork-deploy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "formwork")
	build := exec.Command("go", "build", "-o", binary, "./cmd/formwork")
	build.Dir, build.Env = top, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(top, "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// takes checks that the program has a command with the flags of arguments.
func takes(t *testing.T, from string, arguments []string) {
	t.Helper()
	if len(arguments) == 0 {
		t.Fatalf("%s: no command", from)
	}
	help, err := exec.Command(binary, arguments[0], "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: formwork %s: %v\n%s", from, arguments[0], err, help)
	}
	for _, argument := range arguments[1:] {
		flag, _, _ := strings.Cut(argument, "=")
		if strings.HasPrefix(flag, "--") && !regexp.MustCompile(`(?m)^ +(-\w, )?`+flag+`[= \n]`).Match(help) {
			t.Errorf("%s: formwork %s has no flag %s", from, arguments[0], flag)
		}
	}
}

// shown are the names of the metrics that a process shows which makes backups and speaks
// TLS, and those of consumers, of which the program itself has none.
func shown(t *testing.T) map[string]bool {
	t.Helper()
	cert, key := certificate(t)
	process := exec.Command(binary, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--backup-to", t.TempDir(), "--tls-cert", cert, "--tls-key", key)
	process.Env = append(os.Environ(), "FORMWORK_ADMIN_PASSWORD=correct horse battery")
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	first := make([]byte, 200)
	n, err := out.Read(first)
	_, address, found := strings.Cut(strings.TrimSpace(string(first[:n])), "https://")
	if err != nil || !found {
		t.Fatalf("the program says %q: %v", first[:n], err)
	}
	address, _, _ = strings.Cut(address, "\n")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	client := trusting(t, cert)
	var text string
	for began := time.Now(); !strings.Contains(text, "\nformwork_http_requests_total"); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("the process shows no metrics: %s", text)
		}
		response, err := client.Get("https://" + address + "/metrics")
		if err != nil {
			continue
		}
		raw, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			text = string(raw)
		}
	}
	names := map[string]bool{"up": true} // which Prometheus makes
	for _, line := range regexp.MustCompile(`(?m)^([a-z]\w*)[{ ]`).FindAllStringSubmatch(text, -1) {
		names[line[1]] = true
	}
	source, err := os.ReadFile(filepath.Join(top, "engine/api/consumers.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range regexp.MustCompile(`consumerMetric\("(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		names["formwork_consumer_"+one[1]] = true
	}
	return names
}
