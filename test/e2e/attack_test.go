package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the server of the attack may take, and how long that takes. A tenth of what
// requests may hold by default is soon full, so that the bounds are reached.
const (
	attackLimit    = 1 << 30   // GOMEMLIMIT
	attackRequests = 128 << 20 // --request-memory
	// attackBudget is what the process may have resident of its own. Beyond the limit there
	// are the stacks and pages that SQLite has outside of the heap, and what is in use while
	// the collector can't keep up.
	attackBudget  = attackLimit + attackLimit/2
	attackBriefly = 20 * time.Second
	// attackTail is beyond what a read of another tenant may take at the 99th percentile, in
	// the long form alone. The aim is 250 ms: four times as much is no noise of a busy machine
	// but a tenant that waits for another.
	attackTail = time.Second
)

// attackFor is how long the server is attacked, and whether that is the long form:
// FORMWORK_SOAK_ATTACK. FORMWORK_SOAK_ATTACKS is a pattern of the names of the attacks that are
// made, to find out which does what.
func attackFor(t *testing.T) (time.Duration, bool) {
	text := os.Getenv("FORMWORK_SOAK_ATTACK")
	if text == "" {
		return attackBriefly, false
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("FORMWORK_SOAK_ATTACK: %v", err)
	}
	return long, true
}

// A hostile tenant's admin, an ordinary user and a stranger can't end the process, push
// it beyond its memory, keep another tenant from reading, or undo what was acknowledged.
func TestAttackedFromAllSides(t *testing.T) {
	if testing.Short() {
		t.Skip("a soak finds what is rare, and takes its time")
	}
	lasts, long := attackFor(t)
	s := startServer(t, &server{flags: []string{"--request-memory", fmt.Sprint(attackRequests)}, environment: []string{"GOMEMLIMIT=" + fmt.Sprint(attackLimit)}})
	if out, err := s.formwork("tenant", "create", "hostile"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	neighbour := newNeighbour(t, s.admin(t, "main"))
	admin := s.from("127.0.0.2").login(t, "hostile", adminEmail)
	user := admin.user(t, "hostile", "mallory@example.com", object{"permissions": []string{"sales_user"}, "role": "sales_rep"})
	setTrap(t, admin)

	alone := neighbour.work(t.Context(), lasts/4)
	memory := watchMemory(t, s)
	busy := processorTime(s)
	attackers := startAttackers(t, siege{Base: s.base, Admin: admin.token, User: user.token, Lasts: lasts, Only: os.Getenv("FORMWORK_SOAK_ATTACKS")})
	attacked := neighbour.work(t.Context(), lasts)
	attackers.wait()
	busy = processorTime(s) - busy
	memory.stop()
	s.survived(t)
	if most := memory.most.Load(); most > attackBudget {
		t.Errorf("the process had %d MiB of its own, and %d are its budget", most>>20, attackBudget>>20)
	} else {
		t.Logf("%d MiB of memory at most, of a budget of %d; %d MiB before", most>>20, attackBudget>>20, memory.first.Load()>>20)
	}
	t.Logf("processor time a second: the server %.2f, the attackers %.2f", busy.Seconds()/lasts.Seconds(), attackers.busy.Seconds()/lasts.Seconds())
	t.Logf("another tenant without attackers: %v", alone)
	t.Logf("another tenant beside attackers: %v", attacked)
	if p99 := attacked.at(.99); long && p99 > attackTail {
		t.Errorf("another tenant's reads took %v at the 99th percentile, and %v are the bound", p99, attackTail)
	}
	s.kill()
	s.start(t)
	neighbour.check(s.admin(t, "main"))
}

// processorTime is what the server's process has had of the processors; 0 where it can't be
// read.
func processorTime(s *server) time.Duration {
	const tick = time.Second / 100 // USER_HZ, which Linux doesn't change
	read, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(read), ") ") // the name may be anything
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// survived checks that the process lives and nothing in it failed.
func (s *server) survived(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
		t.Fatal("the process ended")
	default:
	}
	if log := s.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "level=ERROR") {
		at := max(strings.Index(log, "panic"), strings.Index(log, "level=ERROR"))
		t.Errorf("the server's log has errors:\n%.4000s", log[at:])
	}
}

// neighbour is a tenant that does nothing but its work.
type neighbour struct {
	t     *testing.T
	as    *client
	wrote map[string]string // names that were acknowledged, by id
}

func newNeighbour(t *testing.T, as *client) *neighbour {
	n := &neighbour{t: t, as: as, wrote: map[string]string{}}
	var operations []object
	for i := range 300 {
		operations = append(operations, object{"op": "create", "data": object{"name": fmt.Sprint("Neighbour ", i)}})
	}
	as.must(t, 200, "POST", "/records/account/bulk", object{"operations": operations})
	return n
}

// work is what two people who read and one who writes notice in a while.
func (n *neighbour) work(ctx context.Context, lasts time.Duration) latencies {
	ctx, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	var all sync.WaitGroup
	var read [2]latencies
	for i := range read {
		all.Go(func() { read[i] = n.read(ctx, uint64(i)) })
	}
	all.Go(func() { n.write(ctx) })
	all.Wait()
	took := slices.Concat(read[0], read[1])
	slices.SortFunc(took, func(a, b latency) int { return int(a.took - b.took) })
	return took
}

// read reads as people do: records, lists, words. All of it has to be answered.
func (n *neighbour) read(ctx context.Context, seed uint64) (all latencies) {
	random := rand.New(rand.NewPCG(seed, 1))
	paths := []string{"/records/account?limit=20", "/records/account?limit=50&sort=name&count=true", "/search?q=neighbour", "/me",
		"/records/account?filter=name%20startsWith%20%22Neighbour%201%22", "/records/opportunity?limit=20"}
	for ctx.Err() == nil {
		path := paths[random.IntN(len(paths))]
		began := time.Now()
		a, err := n.as.send("GET", path, nil)
		all = append(all, latency{path, time.Since(began)})
		if err != nil || a.status != 200 {
			n.t.Errorf("another tenant's %s: %v, %v", path, a, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return all
}

// write makes records, and notes those that were acknowledged.
func (n *neighbour) write(ctx context.Context) {
	for ctx.Err() == nil {
		name := fmt.Sprint("Kept ", len(n.wrote))
		if a, err := n.as.send("POST", "/records/account", object{"name": name}); err != nil || a.status != 201 {
			n.t.Errorf("another tenant's write: %v, %v", a, err)
		} else {
			n.wrote[a.json()["id"].(string)] = name
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// latency is how long a read took.
type latency struct {
	path string
	took time.Duration
}

// latencies are sorted, the shortest first.
type latencies []latency

// at is what a share of them took at most.
func (l latencies) at(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[int(share*float64(len(l)-1))].took
}

func (l latencies) String() string {
	return fmt.Sprintf("%d reads, p50 %v, p90 %v, p99 %v, longest %v", len(l), l.at(.5), l.at(.9), l.at(.99), l.at(1))
}

// check looks for what was acknowledged.
func (n *neighbour) check(as *client) {
	lost := 0
	there := map[string]string{}
	for _, one := range as.list(n.t, "account", "fields", "id,name", "limit", "500") {
		there[one["id"].(string)] = one["name"].(string)
	}
	for id, name := range n.wrote {
		if there[id] != name {
			lost++
		}
	}
	if lost > 0 || len(n.wrote) == 0 {
		n.t.Errorf("%d of %d acknowledged writes are lost", lost, len(n.wrote))
	}
}
