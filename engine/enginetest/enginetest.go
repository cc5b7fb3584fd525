// Package enginetest puts the platform together for tests: the wiring of the program,
// over an empty store, with a clock that tests move, the same random values in every
// run, and passwords that cost little. Only tests import it: those of rooms below
// engine/platform from their external test package (package x_test).
//
// Everything fails the test instead of returning an error.
package enginetest

import (
	cryptorand "crypto/rand"
	"crypto/x509"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/platform"
	"formwork/engine/record"
	"formwork/engine/secret"
	"formwork/engine/store/teststore"
	"formwork/metadata"
	"formwork/metadata/packages"
	"formwork/plugins"
)

// Options say what is different from the program as it is. The zero Options are
// usual.
type Options struct {
	Open      teststore.Opener      // teststore.Open
	Packages  []metadata.PackageSet // the built-in ones
	Now       func() time.Time      // that of Platform.Clock, which stands still
	SaveHooks []record.SaveHook
	// Shared says that other platforms work on the same store; see Restart.
	Shared bool
	// Plugins are added to the standard set. What compiles under them is not shared.
	Plugins []plugins.Set
	// Address is where people reach the program.
	Address string
	// Networks may be reached by requests of workflows besides the public one.
	Networks []netip.Prefix
	// RunsPerMinute is how many runs of workflows begin in a tenant within a minute; any.
	RunsPerMinute int
	// Roots are what certificates of outside systems come from.
	Roots *x509.CertPool
	Log   *slog.Logger // discarded
}

// Platform is the platform over a store of its own, which is gone when the test ends.
type Platform struct {
	*platform.Platform
	Clock   *Clock
	t       testing.TB
	options platform.Options
}

// builds are shared by the tests of a process: most use the same configurations, and
// compiling one takes longer than most tests.
var builds = catalog.NewBuilds(64 << 20)

// builtin are the packages of the program, read once: reading them takes longer than most tests, too.
var builtin = sync.OnceValue(packages.All)

// secrets seal the values of secret fields, with one key, since builds are shared.
var secrets = func() *secret.Keyring {
	ring, err := secret.Parse(strings.Repeat("A", 43), cryptorand.Reader) // zeros, in base64
	if err != nil {
		panic(err)
	}
	return ring
}()

// New puts the platform together over an empty store.
func New(t testing.TB, o Options) *Platform {
	t.Helper()
	if o.Open == nil {
		o.Open = teststore.Open
	}
	p := &Platform{Clock: &Clock{at: Start}, t: t}
	if o.Now == nil {
		o.Now = p.Clock.Now
	}
	if o.Packages == nil {
		o.Packages = builtin()
	}
	p.options = platform.Options{Store: o.Open(t), Shared: o.Shared, Packages: o.Packages, Now: o.Now, Random: &random{from: rand.NewChaCha8([32]byte{})},
		SaveHooks: o.SaveHooks, Secrets: secrets, Address: o.Address, Networks: o.Networks, RunsPerMinute: o.RunsPerMinute, Roots: o.Roots,
		PasswordCost: auth.Cost{Memory: 64, Passes: 1, Threads: 1}, Builds: builds, Log: o.Log}
	if p.options.Plugins = o.Plugins; o.Plugins != nil {
		p.options.Builds = nil
	}
	p.Platform = platform.New(p.options)
	return p
}

// Restart is the platform over the same store as it is after a start, or on another
// node: it remembers nothing.
func (p *Platform) Restart() *Platform {
	again := *p
	again.Platform = platform.New(p.options)
	return &again
}

// random is a source of random values that may be read concurrently.
type random struct {
	mu   sync.Mutex
	from io.Reader
}

func (r *random) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from.Read(b)
}
