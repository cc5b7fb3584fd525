package workflows

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// retrying is what a document says of when a step is done again that failed.
type retrying struct {
	Times int    `json:"times"`
	After string `json:"after"`
}

// Retry is how often a step is done again that failed, and after what time.
type Retry struct {
	Times int
	After time.Duration
}

// longestPause is the longest time after which a step is done again, but for what spreads it.
const longestPause = 24 * time.Hour

// retryAt is where a step says when it is done again.
const retryAt = "/retry"

// retry compiles what a step says; nil: it is not done again.
func (c *Compiling) retry(s step, allows Effect) *Retry {
	if s.retry == nil {
		return nil
	}
	_, fails := s.settings.(Fails)
	_, forks := s.settings.(Forks)
	_, tries := s.settings.(Tries)
	switch {
	case allows < Waits:
		c.Report(fault.New(fault.Invalid, "workflow.retry_before_save"), retryAt)
	case tries:
		c.Report(fault.New(fault.Invalid, "workflow.tries_itself", "type", s.kind.Name()), retryAt)
	case fails || forks:
		c.Report(fault.New(fault.Invalid, "workflow.no_retry", "type", s.kind.Name()), retryAt)
	}
	after, problem := ReadLength(s.retry.After)
	if problem == nil && (after < time.Second || after > longestPause) {
		problem = fault.New(fault.Invalid, "workflow.bad_pause", "length", s.retry.After)
	}
	if problem != nil {
		c.Report(problem, retryAt+"/after")
	}
	return &Retry{s.retry.Times, after}
}

// ReadLength reads a length of time as a field of durations does.
func ReadLength(text string) (time.Duration, *fault.Fault) {
	length, _ := fieldtype.DurationType{}.Bind("", nil, nil)
	read, problem := length.Coerce(text)
	seconds, _ := read.(int64)
	if problem == nil && (seconds < 0 || seconds > int64(longestLength/time.Second)) {
		problem = fault.New(fault.Invalid, "workflow.bad_length", "length", text)
	}
	return time.Duration(seconds) * time.Second, problem
}

// longestLength is the longest length of time that documents say.
const longestLength = 3660 * 24 * time.Hour

// pause is how long is waited before a step is done again for the nth time: the time doubles up to a day, and is up to a fifth longer,
// spread by what is unique. Steps that failed together are not done again together.
func (r *Retry) pause(n int, unique string) time.Duration {
	full := r.After
	for i := 1; i < n && full < longestPause; i++ {
		full *= 2
	}
	full = min(full, longestPause)
	spread := sha256.Sum256([]byte(unique))
	return full + time.Duration(binary.BigEndian.Uint64(spread[:])%uint64(full/5))
}

// again has a step that failed be done again later, if it says so and that may help. A run that is tried does not wait for it.
func (x *Execution) again(node *Node, err error) bool {
	f := fault.From(err)
	if node.Retry == nil || f.Kind.Breaks() || x.Passes != nil || x.at.Tried >= node.Retry.Times {
		return false
	}
	delete(x.state.Results, node.Name)
	*x.at = Position{Next: x.at.Next, Loops: x.at.Loops, Tried: x.at.Tried + 1}
	x.at.Until = x.Now().Add(node.Retry.pause(x.at.Tried, fmt.Sprint(x.Unique(), x.at.Tried))).Truncate(time.Millisecond)
	x.Acts.Again(f.Each()[0], x.at.Tried)
	return true
}

// problem is why a step failed, as later steps read it.
func (x *Execution) problem(f *fault.Fault) string {
	problem := f.Each()[0].Text(x.Language())
	if all := []rune(problem); len(all) > maxProblem {
		problem = string(all[:maxProblem])
	}
	return problem
}
