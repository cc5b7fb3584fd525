package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// The Dockerfile is read without a warning, copies all that the program is built of, runs
// as nobody in particular, and with flags that there are.
func TestDockerfile(t *testing.T) {
	parsed, err := parser.Parse(bytes.NewReader(read(t, "Dockerfile")))
	if err != nil {
		t.Fatal(err)
	}
	warn := func(rule, description, _, message string, _ []parser.Range) {
		t.Errorf("%s: %s %s", rule, description, message)
	}
	stages, _, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{Warn: warn}))
	if err != nil {
		t.Fatal(err)
	}
	var copied, entry, command []string
	user := ""
	for i, stage := range stages {
		for _, one := range stage.Commands {
			switch c := one.(type) {
			case *instructions.CopyCommand:
				if c.From == "" {
					copied = append(copied, c.SourcePaths...)
				}
			case *instructions.UserCommand:
				user = c.User
			case *instructions.EntrypointCommand:
				entry = c.CmdLine
			case *instructions.CmdCommand:
				command = c.CmdLine
			}
		}
		if last := i == len(stages)-1; last && (user != "65532:65532" || !slices.Equal(entry, []string{"/usr/local/bin/formwork"})) {
			t.Errorf("runs %v as %q", entry, user)
		}
	}
	takes(t, "Dockerfile", command)
	list := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}", "./cmd/formwork")
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}
	sent := strings.Fields(string(read(t, "Dockerfile.dockerignore")))
	for _, dir := range strings.Fields(string(out)) {
		inside, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
		if !slices.Contains(copied, first) && !slices.Contains(copied, inside+"/embed.go") || !slices.Contains(sent, "!"+first) {
			t.Errorf("%s is not copied", inside)
		}
	}
	for _, name := range copied {
		if _, err := os.Stat(filepath.Join(top, name)); err != nil {
			t.Errorf("copies what is not there: %v", err)
		}
	}
}

func TestCompose(t *testing.T) {
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  filepath.Join(top, "deploy"),
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: read(t, "compose.yaml")}},
		Environment: map[string]string{"FORMWORK_ADMIN_PASSWORD": "given"},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := project.Services["formwork"]
	takes(t, "compose.yaml", server.Command)
	if on := server.DependsOn["mongodb"]; on.Condition != "service_healthy" || project.Services["mongodb"].HealthCheck == nil {
		t.Errorf("the server does not wait for the database: %+v", on)
	}
	database := server.Environment["FORMWORK_DATABASE"]
	if set := project.Services["mongodb"].Command; database == nil || !strings.Contains(*database, "replicaSet=rs0") || !slices.Contains(set, "rs0") {
		t.Errorf("no replica set: %v, %v", database, set)
	}
}

func TestUnit(t *testing.T) {
	unit := string(read(t, "systemd/formwork.service"))
	for line := range strings.Lines(unit) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart="); ok {
			takes(t, "formwork.service", strings.Fields(command)[1:])
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here, which comes with systemd")
	}
	file := filepath.Join(t.TempDir(), "formwork.service")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(unit, "/usr/local/bin/formwork", binary)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), "formwork.service") {
		t.Errorf("%v\n%s", err, out)
	}
}
