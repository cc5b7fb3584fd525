package sqlite

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
)

// Files are read and written by SQLite's own layer over the system, but for two things:
//
// A log is written in large pieces. SQLite writes each page and its header by
// themselves, which is most of what a commit of many pages costs. Here they are
// gathered until SQLite makes the log durable, which with synchronous = FULL it does
// before it tells anybody of a commit; nobody looks at what is in the log behind the
// last commit but the connection that wrote it, and that one's reads come after what
// was gathered is written. So others see, and a crash leaves, what they would without.
//
// Pages that are only read are mapped once for a file instead of once for a
// connection, so that the memory that the process is said to use is that of the file
// and not a multiple. The mapping is longer than the file, and pages become readable
// as the file grows, which is what Linux does.

const (
	overread   = 256       // SQLite may read so far behind a page of a damaged file
	gatherable = 124 << 10 // bytes of a log that are written at once: SQLite's layer takes less than 128 KiB
)

// file is what is kept of an open file behind what SQLite's layer keeps, in C memory.
type file struct {
	system uintptr // *lib.Tsqlite3_io_methods of SQLite's layer
	shared uintptr // *region of a database, 0 until a page is asked for

	gathered uintptr // memory for what is to be written to a log, 0 until it is needed
	at       int64   // where in the log it belongs
	length   int32
}

// region is the mapping of a file, in C memory.
type region struct {
	base uintptr // 0 if it could not be mapped
	size int64   // of the file, at least; atomic
}

// layer is our layer over SQLite's. C calls it, so there is one in a process.
var layer struct {
	once      sync.Once
	err       error
	offset    uintptr                // of a file within what SQLite allocates for it
	system    *lib.Tsqlite3_vfs      // SQLite's
	gathering *lib.Tsqlite3_vfs      // ours
	plain     *lib.Tsqlite3_vfs      // ours, which gathers nothing
	methods   map[[2]uintptr]uintptr // by SQLite's methods and the kind of a file

	mu      sync.Mutex
	regions map[inode]*use
}

type inode struct{ device, number uint64 }

type use struct {
	region *region
	files  int
}

// fileLayer is the name of the layer for a connection, as a C string; gather says
// that each of its commits is made durable before others see it.
func fileLayer(tls *libc.TLS, gather bool) (uintptr, error) {
	layer.once.Do(func() { layer.err = registerLayers(tls) })
	if layer.err != nil {
		return 0, layer.err
	}
	if gather {
		return layer.gathering.FzName, nil
	}
	return layer.plain.FzName, nil
}

func registerLayers(tls *libc.TLS) error {
	system := lib.Xsqlite3_vfs_find(tls, 0)
	if system == 0 {
		return errors.New("sqlite: there is no access to files")
	}
	layer.system = (*lib.Tsqlite3_vfs)(memory(system))
	layer.offset = (uintptr(layer.system.FszOsFile) + 7) &^ 7
	layer.methods, layer.regions = map[[2]uintptr]uintptr{}, map[inode]*use{}
	for name, keep := range map[string]**lib.Tsqlite3_vfs{"gathering": &layer.gathering, "plain": &layer.plain} {
		text, err := libc.CString(name)
		if err != nil {
			return err
		}
		p := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
		if p == 0 {
			return errors.New("sqlite: out of memory")
		}
		ours := (*lib.Tsqlite3_vfs)(memory(p))
		*ours = *layer.system
		ours.FpNext, ours.FzName = 0, text
		ours.FszOsFile = int32(layer.offset + unsafe.Sizeof(file{}))
		ours.FxOpen = pointer(openFile)
		if code := lib.Xsqlite3_vfs_register(tls, p, 0); code != lib.SQLITE_OK {
			return &sqliteError{code: code, message: "the access to files was refused"}
		}
		*keep = ours
	}
	return nil
}

// pointer is a function as translated C code calls it.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// function is the reverse.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

func fileOf(f uintptr) *file { return (*file)(memory(f + layer.offset)) }

func (f *file) methods() *lib.Tsqlite3_io_methods {
	return (*lib.Tsqlite3_io_methods)(memory(f.system))
}

// Types of the functions of SQLite's layer.
type (
	opens      = func(tls *libc.TLS, vfs, name, f uintptr, flags int32, out uintptr) int32
	closes     = func(tls *libc.TLS, f uintptr) int32
	reads      = func(tls *libc.TLS, f, to uintptr, n int32, at int64) int32
	truncates  = func(tls *libc.TLS, f uintptr, size int64) int32
	syncs      = func(tls *libc.TLS, f uintptr, flags int32) int32
	sizes      = func(tls *libc.TLS, f, out uintptr) int32
	controls   = func(tls *libc.TLS, f uintptr, op int32, arg uintptr) int32
	describes  = func(tls *libc.TLS, f uintptr) int32
	fetches    = func(tls *libc.TLS, f uintptr, at int64, n int32, out uintptr) int32
	unfetches  = func(tls *libc.TLS, f uintptr, at int64, p uintptr) int32
	methodsOf  = lib.Tsqlite3_io_methods
	systemFile = lib.TunixFile
)

// openFile opens a file as SQLite's layer does and puts our methods over its own.
func openFile(tls *libc.TLS, vfs, name, f uintptr, flags int32, out uintptr) int32 {
	code := function[opens](layer.system.FxOpen)(tls, vfs, name, f, flags, out)
	own := (*uintptr)(memory(f))
	if code != lib.SQLITE_OK || *own == 0 {
		return code
	}
	ours := fileOf(f)
	*ours = file{system: *own}
	kind := uintptr(flags) & (lib.SQLITE_OPEN_MAIN_DB | lib.SQLITE_OPEN_WAL)
	if kind == lib.SQLITE_OPEN_WAL {
		// Without this property SQLite writes a little after it made a commit durable.
		safe := function[describes](ours.methods().FxDeviceCharacteristics)(tls, f)&lib.SQLITE_IOCAP_POWERSAFE_OVERWRITE != 0
		if !safe || vfs != uintptr(unsafe.Pointer(layer.gathering)) {
			return code
		}
	}
	if kind != 0 {
		*own = layerMethods(tls, *own, kind)
	}
	return code
}

// layerMethods are our methods over those of SQLite's layer; those if there is no memory.
func layerMethods(tls *libc.TLS, system, kind uintptr) uintptr {
	layer.mu.Lock()
	defer layer.mu.Unlock()
	key := [2]uintptr{system, kind}
	if p, ok := layer.methods[key]; ok {
		return p
	}
	p := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(methodsOf{})))
	if p == 0 {
		return system
	}
	m := (*methodsOf)(memory(p))
	*m = *(*methodsOf)(memory(system))
	if kind == lib.SQLITE_OPEN_WAL {
		m.FxClose, m.FxRead, m.FxWrite, m.FxTruncate = pointer(closeLog), pointer(readLog), pointer(writeLog), pointer(truncateLog)
		m.FxSync, m.FxFileSize, m.FxFileControl = pointer(syncLog), pointer(sizeLog), pointer(controlLog)
	} else if m.FiVersion >= 3 {
		m.FxClose, m.FxFileControl = pointer(closeDatabase), pointer(controlDatabase)
		m.FxFetch, m.FxUnfetch = pointer(fetch), pointer(unfetch)
	}
	layer.methods[key] = p
	return p
}

// write hands over what was gathered of a log. What can't be written is given up:
// SQLite is told and undoes the transaction.
func (f *file) write(tls *libc.TLS, p uintptr) int32 {
	n := f.length
	if n == 0 {
		return lib.SQLITE_OK
	}
	f.length = 0
	return function[reads](f.methods().FxWrite)(tls, p, f.gathered, n, f.at)
}

func writeLog(tls *libc.TLS, p, from uintptr, n int32, at int64) int32 {
	f := fileOf(p)
	if f.length > 0 && (at != f.at+int64(f.length) || f.length+n > gatherable) {
		if code := f.write(tls, p); code != lib.SQLITE_OK {
			return code
		}
	}
	if f.gathered == 0 {
		f.gathered = libc.Xmalloc(tls, gatherable)
	}
	if f.gathered == 0 || n > gatherable {
		return function[reads](f.methods().FxWrite)(tls, p, from, n, at)
	}
	if f.length == 0 {
		f.at = at
	}
	copy(unsafe.Slice((*byte)(memory(f.gathered+uintptr(f.length))), n), unsafe.Slice((*byte)(memory(from)), n))
	f.length += n
	return lib.SQLITE_OK
}

func readLog(tls *libc.TLS, p, to uintptr, n int32, at int64) int32 {
	f := fileOf(p)
	if code := f.write(tls, p); code != lib.SQLITE_OK {
		return code
	}
	return function[reads](f.methods().FxRead)(tls, p, to, n, at)
}

func truncateLog(tls *libc.TLS, p uintptr, size int64) int32 {
	f := fileOf(p)
	if code := f.write(tls, p); code != lib.SQLITE_OK {
		return code
	}
	return function[truncates](f.methods().FxTruncate)(tls, p, size)
}

func syncLog(tls *libc.TLS, p uintptr, flags int32) int32 {
	f := fileOf(p)
	if code := f.write(tls, p); code != lib.SQLITE_OK {
		return code
	}
	return function[syncs](f.methods().FxSync)(tls, p, flags)
}

func sizeLog(tls *libc.TLS, p, out uintptr) int32 {
	f := fileOf(p)
	if code := f.write(tls, p); code != lib.SQLITE_OK {
		return code
	}
	return function[sizes](f.methods().FxFileSize)(tls, p, out)
}

func controlLog(tls *libc.TLS, p uintptr, op int32, arg uintptr) int32 {
	f := fileOf(p)
	if code := f.write(tls, p); code != lib.SQLITE_OK {
		return code
	}
	return function[controls](f.methods().FxFileControl)(tls, p, op, arg)
}

// closeLog drops what was gathered: it was never committed.
func closeLog(tls *libc.TLS, p uintptr) int32 {
	f := fileOf(p)
	libc.Xfree(tls, f.gathered)
	f.gathered, f.length = 0, 0
	return function[closes](f.methods().FxClose)(tls, p)
}

// fetch finds a page in the mapping of its file; none is found if the file is too
// short or can't be mapped, and SQLite reads it then.
func fetch(tls *libc.TLS, p uintptr, at int64, n int32, out uintptr) int32 {
	*(*uintptr)(memory(out)) = 0
	f := fileOf(p)
	if f.shared == 0 {
		if f.shared = share(tls, p); f.shared == 0 {
			return lib.SQLITE_OK
		}
	}
	r, end := (*region)(memory(f.shared)), at+int64(n)+overread
	if r.base == 0 || end > mapped {
		return lib.SQLITE_OK
	}
	if end > atomic.LoadInt64(&r.size) {
		var state syscall.Stat_t
		if syscall.Fstat(descriptor(p), &state) != nil || end > state.Size {
			return lib.SQLITE_OK
		}
		atomic.StoreInt64(&r.size, state.Size)
	}
	*(*uintptr)(memory(out)) = r.base + uintptr(at)
	return lib.SQLITE_OK
}

// controlDatabase keeps from SQLite's layer that files are mapped: it would map them
// for the writer, too.
func controlDatabase(tls *libc.TLS, p uintptr, op int32, arg uintptr) int32 {
	if op == lib.SQLITE_FCNTL_MMAP_SIZE {
		*(*int64)(memory(arg)) = mapped
		return lib.SQLITE_OK
	}
	return function[controls](fileOf(p).methods().FxFileControl)(tls, p, op, arg)
}

// unfetch has nothing to do: pages stay readable until the file is closed.
func unfetch(*libc.TLS, uintptr, int64, uintptr) int32 { return lib.SQLITE_OK }

func descriptor(p uintptr) int { return int((*systemFile)(memory(p)).Fh) }

// share returns the mapping of an open file, which it is counted for; 0 if there is
// none to be had.
func share(tls *libc.TLS, p uintptr) uintptr {
	layer.mu.Lock()
	defer layer.mu.Unlock()
	var state syscall.Stat_t
	if syscall.Fstat(descriptor(p), &state) != nil {
		return 0
	}
	key := inode{uint64(state.Dev), state.Ino}
	u := layer.regions[key]
	if u == nil {
		at := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(region{})))
		if at == 0 {
			return 0
		}
		u = &use{region: (*region)(memory(at))}
		base := libc.Xmmap(tls, 0, mapped, syscall.PROT_READ, syscall.MAP_SHARED, int32(descriptor(p)), 0)
		if base != ^uintptr(0) {
			u.region.base, u.region.size = base, state.Size
		}
		layer.regions[key] = u
	}
	u.files++
	return uintptr(unsafe.Pointer(u.region))
}

// closeDatabase gives the mapping up with the last of the files that share it.
func closeDatabase(tls *libc.TLS, p uintptr) int32 {
	f := fileOf(p)
	if f.shared != 0 {
		layer.mu.Lock()
		for key, u := range layer.regions {
			if uintptr(unsafe.Pointer(u.region)) != f.shared {
				continue
			}
			if u.files--; u.files == 0 {
				delete(layer.regions, key)
				if u.region.base != 0 {
					libc.Xmunmap(tls, u.region.base, mapped)
				}
				libc.Xfree(tls, f.shared)
			}
		}
		layer.mu.Unlock()
		f.shared = 0
	}
	return function[closes](f.methods().FxClose)(tls, p)
}

// unload lets go of the memory of all mappings, which the system fills again, from its
// own, as pages are read.
func unload() {
	layer.mu.Lock()
	defer layer.mu.Unlock()
	for _, u := range layer.regions {
		if u.region.base != 0 {
			_ = syscall.Madvise(unsafe.Slice((*byte)(memory(u.region.base)), mapped), syscall.MADV_DONTNEED) // an optimization
		}
	}
}
