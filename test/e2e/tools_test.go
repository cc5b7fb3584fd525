package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// gojq stands in for jq where there is none. It is not in go.mod: the program neither
// needs nor carries it.
const gojq = "github.com/itchyny/gojq/cmd/gojq@v0.12.17"

// tools is a folder of the commands that the tour needs and this machine lacks.
func tools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if !hasCurl() {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(self, filepath.Join(dir, "curl")); err != nil { // TestMain knows the name
			t.Fatal(err)
		}
		t.Log("without a curl that knows --json: a stand-in")
	}
	if _, err := exec.LookPath("jq"); err != nil {
		install := exec.Command("go", "install", gojq)
		install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "CGO_ENABLED=0")
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("there is no jq, and fetching one failed: %v\n%s", err, out)
		}
		if err := os.Rename(filepath.Join(dir, "gojq"), filepath.Join(dir, "jq")); err != nil {
			t.Fatal(err)
		}
		t.Log("without jq: gojq")
	}
	return dir
}

// hasCurl says whether there is a curl that knows --json: 7.82 or later.
func hasCurl() bool {
	out, err := exec.Command("curl", "--version").Output()
	found := regexp.MustCompile(`^curl (\d+)\.(\d+)`).FindSubmatch(out)
	if err != nil || found == nil {
		return false
	}
	major, _ := strconv.Atoi(string(found[1]))
	minor, _ := strconv.Atoi(string(found[2]))
	return major > 7 || major == 7 && minor >= 82
}

// curl does what the tour asks of curl, and knows nothing else.
func curl(arguments []string) error {
	method, body, address := "", "", ""
	headers, query := http.Header{}, url.Values{}
	for i := 0; i < len(arguments); i++ {
		value := func() string {
			if i++; i < len(arguments) {
				return arguments[i]
			}
			return ""
		}
		switch arguments[i] {
		case "-s", "-G":
		case "-X":
			method = value()
		case "-H":
			name, text, _ := strings.Cut(value(), ":")
			headers.Set(name, strings.TrimSpace(text))
		case "--json":
			body = value()
			headers.Set("Content-Type", "application/json")
		case "-d", "--data-urlencode":
			name, text, _ := strings.Cut(value(), "=")
			query.Add(name, text)
		default:
			if strings.HasPrefix(arguments[i], "-") || address != "" {
				return fmt.Errorf("the stand-in of curl does not know %s", arguments[i])
			}
			address = arguments[i]
		}
	}
	if method == "" && body != "" {
		method = http.MethodPost
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = headers
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
