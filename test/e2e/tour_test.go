package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// stop is a command of the README's tour, and what it answers there.
type stop struct {
	line    int // of the README
	command string
	answer  []string
}

// The tour of the README runs as it stands there, in one shell and in its order, and
// answers what it says.
func TestTourOfTheREADME(t *testing.T) {
	t.Parallel()
	tour := readTour(t)
	if len(tour) < 20 {
		t.Fatalf("the tour has %d commands", len(tour))
	}
	s := newShell(t)
	answers := make([][]string, len(tour))
	for i, at := range tour {
		if strings.HasSuffix(at.command, "&") {
			answers[i] = s.serve(at)
		} else {
			answers[i] = s.run(at.command)
		}
	}
	for _, difference := range differences(tour, answers) {
		t.Error(difference)
	}
	if t.Failed() {
		return
	}
	t.Run("a changed answer is noticed", func(t *testing.T) { changedAnswersAreNoticed(t, tour, answers) })
}

// changedAnswersAreNoticed changes every line of the README that is an answer, and
// wants a difference there.
func changedAnswersAreNoticed(t *testing.T, tour []stop, answers [][]string) {
	word := regexp.MustCompile(`[0-9]*\.?[0-9]+|\pL+`)
	said := map[string]int{}
	for _, at := range tour {
		for _, id := range ids.FindAllString(strings.Join(at.answer, "\n"), -1) {
			said[id]++
		}
	}
	for i, at := range tour {
		for j, line := range at.answer {
			for _, span := range word.FindAllStringIndex(line, -1) {
				if old := line[span[0]:span[1]]; versions.MatchString(line) && strings.Contains(versions.FindString(line), old) ||
					inAddress(line, span) || inSingleID(line, span, said) {
					continue // may differ
				}
				changed := append([]stop(nil), tour...)
				changed[i].answer = append([]string(nil), at.answer...)
				changed[i].answer[j] = line[:span[0]] + otherWord(line[span[0]:span[1]]) + line[span[1]:]
				if len(differences(changed, answers)) == 0 {
					t.Errorf("README.md:%d: nobody notices the answer %s", at.line, changed[i].answer[j])
				}
			}
		}
		changed := append([]stop(nil), tour...)
		changed[i].answer = append(append([]string(nil), at.answer...), "and one more line")
		if len(differences(changed, answers)) == 0 {
			t.Errorf("README.md:%d: nobody notices a line more", at.line)
		}
	}
}

// otherWord is a word or a number like another.
func otherWord(old string) string {
	if n, err := strconv.ParseFloat(old, 64); err == nil {
		return strconv.FormatFloat(n+1, 'f', -1, 64)
	}
	return old + "x"
}

func inAddress(line string, span []int) bool {
	for _, at := range addresses.FindAllStringIndex(line, -1) {
		if at[0] <= span[0] && span[1] <= at[1] {
			return true
		}
	}
	return false
}

// inSingleID says whether a span lies in an id that the README says once: there is
// nothing that it must be the same as.
func inSingleID(line string, span []int, said map[string]int) bool {
	for _, at := range ids.FindAllStringIndex(line, -1) {
		if at[0] <= span[0] && span[1] <= at[1] {
			return said[line[at[0]:at[1]]] == 1
		}
	}
	return false
}

// readTour reads the console blocks of the README.
func readTour(t *testing.T) (tour []stop) {
	t.Helper()
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for i, line := range strings.Split(string(raw), "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case strings.HasPrefix(line, "$ "):
			tour = append(tour, stop{line: i + 1, command: line[2:]})
		case len(tour) == 0:
			t.Fatalf("README.md:%d: an answer to nothing", i+1)
		case strings.HasPrefix(line, "> "):
			tour[len(tour)-1].command += "\n" + line[2:]
		default:
			tour[len(tour)-1].answer = append(tour[len(tour)-1].answer, line)
		}
	}
	return tour
}

// What differs from run to run.
var (
	ids       = regexp.MustCompile(`\b0[0-9a-hjkmnp-tv-z]{12}\b`)
	versions  = regexp.MustCompile(`^Formwork \S+:`)
	addresses = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
)

// differences compares what the tour answered with what the README says. Ids differ,
// but the same id of the README is the same one throughout.
func differences(tour []stop, answers [][]string) (all []string) {
	got, said := map[string]string{}, map[string]string{} // ids, by those of the README and the other way round
	for i, at := range tour {
		if len(at.answer) != len(answers[i]) {
			all = append(all, fmt.Sprintf("README.md:%d: %s\nanswers %d lines, not %d:\n%s", at.line, at.command, len(answers[i]), len(at.answer), strings.Join(answers[i], "\n")))
			continue
		}
		for j, want := range at.answer {
			answer := answers[i][j]
			a, b := ids.FindAllString(want, -1), ids.FindAllString(answer, -1)
			same := len(a) == len(b)
			for k := 0; same && k < len(a); k++ {
				if _, ok := got[a[k]]; !ok {
					got[a[k]] = b[k]
				}
				if _, ok := said[b[k]]; !ok {
					said[b[k]] = a[k]
				}
				same = got[a[k]] == b[k] && said[b[k]] == a[k]
			}
			if !same || !equalAnswers(anyRun(want), anyRun(answer), strings.Contains(at.command, "jq")) {
				all = append(all, fmt.Sprintf("README.md:%d: %s\nanswers %s\nnot     %s", at.line, at.command, answer, want))
			}
		}
	}
	return all
}

// anyRun takes away from an answer what differs from run to run.
func anyRun(s string) string {
	return addresses.ReplaceAllString(versions.ReplaceAllString(ids.ReplaceAllString(s, "id"), "Formwork:"), "http://…")
}

// equalAnswers compares two lines. Some jq write 12000.00 as 12000 and sort members;
// what did not go through it is the same to the letter.
func equalAnswers(a, b string, throughJQ bool) bool {
	var x, y any
	if throughJQ && json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil {
		return reflect.DeepEqual(x, y)
	}
	return a == b
}

// shell is a bash in a folder that has bin/formwork, and is at home nowhere else.
type shell struct {
	t      *testing.T
	dir    string
	in     io.Writer
	out    *bufio.Reader
	url    string // where the tour's server is
	number int    // of commands
}

// endOfAnswer is what no command answers.
const endOfAnswer = "-- end of the answer --"

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{t: t, dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(s.dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(s.dir, "bin", "formwork")); err != nil {
		t.Fatal(err)
	}
	bash := exec.Command("bash")
	bash.Dir = s.dir
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FORMWORK_") {
			bash.Env = append(bash.Env, variable)
		}
	}
	bash.Env = append(bash.Env, "PATH="+tools(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	in, err := bash.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := bash.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bash.Start(); err != nil {
		t.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		in.Close() // ends bash, which ends the server
		if err := bash.Wait(); err != nil {
			t.Error(err)
		}
	})
	// The program is there already.
	s.run(`make() { :; }; trap 'kill $(jobs -p); wait' EXIT`)
	return s
}

// run has the shell run a command, and reads what it answers: both of its outputs.
func (s *shell) run(command string) []string {
	s.t.Helper()
	s.number++
	script := filepath.Join(s.dir, fmt.Sprint(s.number, ".sh"))
	command = addresses.ReplaceAllLiteralString(command, s.url)
	if err := os.WriteFile(script, []byte(command+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(s.in, ". %s </dev/null 2>&1; echo '%s'\n", script, endOfAnswer); err != nil {
		s.t.Fatal(err)
	}
	var answer strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("the shell ended with %s: %v\n%s", command, err, answer.String())
		}
		if rest, ended := strings.CutSuffix(line, endOfAnswer+"\n"); ended {
			answer.WriteString(rest)
			break
		}
		answer.WriteString(line)
	}
	text := strings.TrimRight(answer.String(), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// serve runs the command that goes on in the background, at an address that is free,
// until it has answered as many lines as the README says.
func (s *shell) serve(at stop) (answer []string) {
	s.t.Helper()
	log := filepath.Join(s.dir, "serve.log")
	s.run(strings.TrimSuffix(at.command, "&") + "--listen 127.0.0.1:0 >" + log + " &")
	until(s.t, "the server of the tour answers", func() bool {
		raw, err := os.ReadFile(log)
		answer = strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
		return err == nil && len(answer) >= len(at.answer)
	})
	s.url = addresses.FindString(strings.Join(answer, "\n"))
	return answer
}
