package mail

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"sync/atomic"
)

// measured is a connection of which so many bytes may be read, until more are allowed.
type measured struct {
	net.Conn
	left atomic.Int64
}

// allow lets so many bytes be read from now on.
func (m *measured) allow(n int64) { m.left.Store(n) }

// Read implements net.Conn.
func (m *measured) Read(p []byte) (int, error) {
	left := m.left.Load()
	if left <= 0 {
		return 0, errTooMuch
	}
	n, err := m.Conn.Read(p[:min(int64(len(p)), left)])
	m.left.Add(int64(-n))
	return n, err
}

// screened is a connection to a server for mail that lets through what somebody may be answered who fetches mail, and no line that is too long: the
// library would read whatever IMAP there is, and of some never end to.
type screened struct {
	net.Conn
	from    *bufio.Reader
	line    []byte // what is left of a line
	literal int64  // bytes that follow on a line, and are no lines
	within  bool   // of an answer that began on a line before
	refused error  // nothing more is let through
}

// screen screens a connection, before which a server has said something.
func screen(conn net.Conn, before string) *screened {
	return &screened{Conn: conn, from: bufio.NewReaderSize(conn, maxSaid), line: []byte(before)}
}

var (
	// answers are the beginnings of lines that are let through.
	answers = regexp.MustCompile(`(?i)^(\+|T[0-9]+ (OK|NO|BAD)|\* (OK|NO|BAD|BYE|PREAUTH|CAPABILITY|FLAGS|ENABLED|ID|[0-9]+ (EXISTS|RECENT|EXPUNGE|FETCH)))[ \r\n]`)
	// endless is what the library reads for ever: a list where names of capabilities are.
	endless = regexp.MustCompile(`(?i)^[^"{]*CAPABILITY[^\]]*\(`)
	// announces is what stands at the end of a line behind which a literal follows.
	announces = regexp.MustCompile(`\{([0-9]{1,18})\}\r?\n$`)
)

var errScreened = errors.New("a server for mail says what it was not asked")

// Read implements net.Conn.
func (s *screened) Read(p []byte) (n int, err error) {
	switch {
	case s.refused != nil:
		return 0, s.refused
	case len(s.line) == 0 && s.literal > 0:
		n, err = s.from.Read(p[:min(int64(len(p)), s.literal)])
		s.literal -= int64(n)
		return n, err
	case len(s.line) == 0:
		if s.refused = s.next(); s.refused != nil {
			return 0, s.refused
		}
	}
	n = copy(p, s.line)
	s.line = s.line[n:]
	return n, nil
}

// next takes the next line, which holds until another is read.
func (s *screened) next() error {
	line, err := s.from.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return errTooMuch
	case err != nil && len(line) == 0:
		return err
	case !s.within && (!answers.Match(line) || endless.Match(line)):
		return errScreened
	}
	s.line, s.within = line, false
	if literal := announces.FindSubmatch(line); literal != nil {
		s.literal, err = strconv.ParseInt(string(literal[1]), 10, 64)
		s.within = true
		if err != nil {
			return errScreened
		}
	}
	return nil
}

// startTLS has a connection encrypted that is not. What the server says before is read byte by byte, so that nothing of it is taken for what comes
// after. ErrUnfit where it does not do so.
func startTLS(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	left := maxSaid
	said := func(beginning string) (string, error) {
		for {
			line, err := readLine(conn, &left)
			if err != nil || bytes.HasPrefix(line, []byte(beginning)) {
				return string(line), err
			}
		}
	}
	greeting, err := said("* ")
	if err != nil {
		return nil, err
	}
	if len(greeting) < 4 || greeting[:4] != "* OK" {
		return nil, ErrUnfit
	}
	if _, err := io.WriteString(conn, "S STARTTLS\r\n"); err != nil {
		return nil, fmt.Errorf("asking for TLS: %w", err)
	}
	answer, err := said("S ")
	if err != nil {
		return nil, err
	}
	if len(answer) < 4 || answer[:4] != "S OK" {
		return nil, ErrUnfit
	}
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("encrypting a connection to a server for mail: %w", err)
	}
	return encrypted, nil
}

// readLine reads a line, of which so many bytes may be left.
func readLine(from io.Reader, left *int) ([]byte, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		if *left--; *left < 0 {
			return nil, errTooMuch
		}
		if _, err := io.ReadFull(from, one); err != nil {
			return nil, fmt.Errorf("reading what a server for mail says: %w", err)
		}
		if line = append(line, one[0]); one[0] == '\n' {
			return line, nil
		}
	}
}
