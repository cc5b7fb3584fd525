// Package sqlite keeps each tenant in an SQLite file of its own: one connection
// writes and commits concurrent writes in groups, others read beside it. Files are
// opened when they are used and closed when idle, so that tenants who do nothing
// cost nothing.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// The memory in KiB of Options.Cache and Options.Pages.
const (
	usualCache = 2 << 10
	usualPages = 32 << 10
)

// Options of a store. The zero value is good for a server.
type Options struct {
	// Relaxed lets the last writes before a power failure be lost (never the order
	// of writes, and nothing when only the process is killed).
	Relaxed bool
	// Idle is how long a connection stays open unused; 0: 30 seconds.
	Idle time.Duration
	// Open bounds the tenants that are open at once; 0: 200. Those that nobody is
	// using are closed for others.
	Open int
	// Cache is the memory in KiB that a read connection keeps pages in; 0: 2 MiB. Pages
	// that are only read are mapped and belong to the system.
	Cache int
	// Pages is the memory in KiB for the pages that a transaction changes; 0: 32 MiB.
	// What does not fit is written before its time: with 2 MiB a bulk load into a table
	// of twelve indexes takes half as long again.
	Pages int
}

// Store is a folder of tenants.
type Store struct {
	dir     string
	options Options
	reading []string // pragmas of a connection
	writing []string
	// synchronous is the pragma by which commits wait for the disk, or don't.
	synchronous string

	mu      sync.Mutex
	tenants map[string]*tenant
	opened  map[*tenant]bool
	closed  bool
	handles int // that were made

	publishing sync.Mutex

	// roomUnsure: a write found no room, or none was made yet. See room.
	roomUnsure atomic.Bool

	stop chan struct{}
	done chan struct{}
}

var _ store.Store = (*Store)(nil)

var errClosed = errors.New("the store is closed")

const suffix = ".db"

// Open opens a folder, which is made if it is not there.
func Open(dir string, o Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	if o.Idle == 0 {
		o.Idle = 30 * time.Second
	}
	if o.Open == 0 {
		o.Open = 200
	}
	if o.Cache == 0 {
		o.Cache = usualCache
	}
	if o.Pages == 0 {
		o.Pages = usualPages
	}
	synchronous := "PRAGMA synchronous = FULL"
	if o.Relaxed {
		synchronous = unsynced
	}
	cache := "PRAGMA cache_size = -" + strconv.Itoa(o.Cache)
	const mapped = "PRAGMA mmap_size = 1073741824"
	s := &Store{
		dir: dir, options: o, tenants: map[string]*tenant{}, opened: map[*tenant]bool{}, synchronous: synchronous,
		reading: []string{cache, mapped, "PRAGMA query_only = 1"},
		writing: []string{"PRAGMA journal_mode = WAL", synchronous, "PRAGMA cache_size = -" + strconv.Itoa(o.Pages), mapped,
			"PRAGMA temp_store = MEMORY", "PRAGMA journal_size_limit = 67108864", "PRAGMA analysis_limit = 1000"},
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	s.roomUnsure.Store(true)
	go s.sweeper()
	return s, nil
}

func (s *Store) file(name string) string { return filepath.Join(s.dir, name+suffix) }

func (s *Store) blobs(name string) string { return filepath.Join(s.dir, name+blobsSuffix) }

// Tenant implements store.Store. It opens nothing of a tenant that is used for the first
// time.
func (s *Store) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !store.ValidTenant(name) {
		return nil, notFound(name)
	}
	for {
		t, made, err := s.handle(name)
		if err != nil {
			return nil, err
		}
		if made || t.isCurrent(ctx) {
			return t, nil
		}
		t.vanish()
	}
}

// handle returns the handle of a tenant, which is made for the file that is there if
// there is none.
func (s *Store) handle(name string) (t *tenant, made bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, errClosed
	}
	if t := s.tenants[name]; t != nil {
		return t, false, nil
	}
	file, err := os.Stat(s.file(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, notFound(name)
	}
	if err != nil {
		return nil, false, fmt.Errorf("looking for tenant %s: %w", name, err)
	}
	t = s.newTenant(name, file)
	s.tenants[name] = t
	return t, true, nil
}

// Create implements store.Store.
func (s *Store) Create(ctx context.Context, name string) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.Invalid, "tenant.name", "tenant", name)
	}
	if err := s.create(name); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name)
		}
		return nil, fmt.Errorf("creating tenant %s: %w", name, s.told(err))
	}
	return s.Tenant(ctx, name)
}

func (s *Store) create(name string) error {
	file, err := s.pass(name)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if err := errors.Join(file.Close(), s.mark(file.Name())); err != nil {
		return err
	}
	return s.publish(file.Name(), name)
}

// publish gives a file that is ready the name of a tenant, last of all: whoever finds a
// tenant, by its name or in the list, finds all of it. Fails with os.ErrExist if there is
// one of the name.
func (s *Store) publish(path, name string) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if _, err := os.Lstat(s.file(name)); err == nil {
		return os.ErrExist
	}
	// Of a deletion that was interrupted, or of a file that was removed by hand.
	if err := errors.Join(os.RemoveAll(s.blobs(name)), removeFiles(s.file(name)+"-wal", s.file(name)+"-shm")); err != nil {
		return err
	}
	err := os.Link(path, s.file(name))
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) { // not every system has links
		err = os.Rename(path, s.file(name))
	}
	return errors.Join(err, syncFolder(s.dir))
}

// mark gives the file of a new tenant a random application id, which tells it from a
// former one of its name: a system may give both the same file number.
func (s *Store) mark(path string) error {
	c, err := openConn(path, lib.SQLITE_OPEN_READWRITE, 1, func() { s.roomUnsure.Store(true) })
	if err != nil {
		return err
	}
	defer c.close()
	mark := int64(0)
	err = c.each("SELECT random() & 0x7fffffff | 1", func(s *stmt) error { mark = s.integer(0); return nil })
	pragmas := []string{"PRAGMA journal_mode = MEMORY", "PRAGMA application_id = " + strconv.FormatInt(mark, 10)}
	if s.options.Relaxed {
		pragmas = append([]string{"PRAGMA synchronous = OFF"}, pragmas...)
	}
	for _, pragma := range pragmas {
		if err == nil {
			err = c.once(pragma)
		}
	}
	return err
}

// removeFiles removes files, of which some may not be there.
func removeFiles(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Delete implements store.Store. It waits for queries under way, whose next row is
// refused: SQLite removes a file's log by name when it closes it, and by then the
// name could be another's.
func (s *Store) Delete(ctx context.Context, name string) error {
	handle, err := s.Tenant(ctx, name)
	if err != nil {
		return err
	}
	t := handle.(*tenant)
	closed, err := t.close(notFound(name))
	if err != nil {
		return fmt.Errorf("deleting tenant %s: %w", name, err)
	}
	select {
	case <-closed:
	case <-ctx.Done():
		return fmt.Errorf("deleting tenant %s: %w", name, ctx.Err())
	}
	if !s.drop(t) {
		return notFound(name) // somebody else was faster
	}
	if err := t.blobs.remove(); err != nil {
		return fmt.Errorf("deleting the blobs of tenant %s: %w", name, err)
	}
	if err := t.unlink(); err != nil {
		return err
	}
	return syncFolder(s.dir)
}

// drop forgets the handle of a tenant; false if another has taken its place.
func (s *Store) drop(t *tenant) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tenants[t.name] != t {
		return false
	}
	delete(s.tenants, t.name)
	if t.idle() {
		delete(s.opened, t)
	}
	return true
}

// Tenants implements store.Store.
func (s *Store) Tenants(context.Context) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("listing tenants: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), suffix); ok && store.ValidTenant(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Size implements store.Store: of the files of tenants with those that SQLite keeps beside them.
func (s *Store) Size(ctx context.Context) (int64, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, fmt.Errorf("listing the store's files: %w", err)
	}
	var size int64
	for _, entry := range entries {
		file, _, _ := strings.Cut(entry.Name(), suffix+"-")
		if file = strings.TrimSuffix(file, suffix); !store.ValidTenant(file) || file == entry.Name() || entry.IsDir() {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("looking at a file of the store: %w", err)
		}
		size += info.Size()
	}
	return size, ctx.Err()
}

// Clock implements store.Store: files have no clock of their own.
func (s *Store) Clock(context.Context) (time.Time, error) { return time.Time{}, nil }

// Marks implements store.Store: one process serves the folder.
func (s *Store) Marks() store.Marks { return nil }

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if _, err := os.Stat(s.dir); err != nil {
		return fmt.Errorf("looking at the store's folder: %w", err)
	}
	return errors.Join(ctx.Err(), s.room())
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	var all []*tenant
	for _, t := range s.tenants {
		all = append(all, t)
	}
	for t := range s.opened {
		if s.tenants[t.name] != t { // its file was removed
			all = append(all, t)
		}
	}
	s.mu.Unlock()
	close(s.stop)
	<-s.done
	var err error
	for _, t := range all {
		_, failed := t.close(errClosed)
		err = errors.Join(err, failed)
	}
	return err
}

// opening notes that a tenant has connections, and lets others go if too many have.
func (s *Store) opening(t *tenant) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	s.opened[t] = true
	var others []*tenant
	if len(s.opened) > s.options.Open {
		for other := range s.opened {
			if other != t {
				others = append(others, other)
			}
		}
	}
	s.mu.Unlock()
	for _, other := range others {
		if s.sweep(other, true) <= s.options.Open {
			break
		}
	}
	return nil
}

// sweep closes what is idle of a tenant (see there) and says how many are open.
func (s *Store) sweep(t *tenant, force bool) int {
	t.sweep(force)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.idle() { // whoever opens it after this notes it again
		delete(s.opened, t)
	}
	return len(s.opened)
}

// sweeper closes idle connections, and ends tenants whose files another process removed,
// until the store is closed.
func (s *Store) sweeper() {
	defer close(s.done)
	ticker := time.NewTicker(s.options.Idle)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
		}
		s.mu.Lock()
		var opened []*tenant
		for t := range s.opened {
			opened = append(opened, t)
		}
		s.mu.Unlock()
		for _, t := range opened {
			if !t.hasFile() {
				t.vanish()
			}
			s.sweep(t, false)
		}
	}
}
