package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"formwork/engine/connection"
)

// Dial opens a connection; it refuses where it may not lead.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Refused is what a server for mail says that does not take a message, or does not let somebody in.
type Refused struct {
	Code int // of SMTP: 4xx may pass, 5xx does not
}

func (r *Refused) Error() string { return fmt.Sprintf("the server for mail answered %d", r.Code) }

// Passes reports whether a later try may do better.
func (r *Refused) Passes() bool { return r.Code >= 400 && r.Code < 500 }

// Server is a server for mail and how it is reached.
type Server struct {
	Connection *connection.Connection
	Secret     string
	Dial       Dial
	Roots      *x509.CertPool // that certificates come from; nil: those of the system
}

// Send sends a message once, within the time that the connection says; with it a server took it. Who logs in does so over an encrypted
// connection alone. Errors are a *Refused, ErrUnfit, or what kept it from being reached.
func (s Server) Send(ctx context.Context, m *Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.Connection.Timeout())
	defer cancel()
	msg := m.compose()
	if m.signs != nil {
		if err := m.signs.sign(msg); err != nil {
			return err
		}
	}
	port, err := strconv.Atoi(s.Connection.Port())
	if err != nil {
		return fmt.Errorf("reading the port of %s: %w", s.Connection.Host(), err)
	}
	policy := gomail.TLSOpportunistic
	options := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(s.Connection.Timeout()), gomail.WithTLSConfig(s.tls()), gomail.WithoutNoop(), gomail.WithoutRset()}
	if s.Connection.Doc.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Connection.Doc.User), gomail.WithPassword(s.Secret))
		if !s.Connection.TLS() {
			policy = gomail.TLSMandatory
		}
	}
	reached := false
	options = append(options, gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := s.open(ctx, network, address)
		reached = err == nil
		return conn, err
	}))
	client, err := gomail.NewClient(s.Connection.Server(), append(options, gomail.WithTLSPolicy(policy))...)
	if err != nil {
		return fmt.Errorf("preparing to send mail: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() { // what fails after that is only the parting
		return nil
	}
	var said *textproto.Error
	if errors.As(err, &said) {
		return &Refused{said.Code}
	}
	var failed *gomail.SendError
	if errors.As(err, &failed) && failed.ErrorCode() != 0 {
		return &Refused{failed.ErrorCode()}
	}
	var broken net.Error
	var untrusted *tls.CertificateVerificationError
	if reached && ctx.Err() == nil && !errors.As(err, &broken) && !errors.As(err, &untrusted) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrUnfit
	}
	return fmt.Errorf("sending mail: %w", err)
}

// ErrUnfit: the server answers, but does not do what is needed: TLS, or a way to log in.
var ErrUnfit = errors.New("the server for mail offers neither what is needed to encrypt nor to log in")

func (s Server) tls() *tls.Config {
	return &tls.Config{ServerName: s.Connection.Server(), RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

// open opens a connection that ends when ctx does, encrypted if the address says so.
func (s Server) open(ctx context.Context, network, address string) (net.Conn, error) {
	end, _ := ctx.Deadline()
	conn, err := s.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn = &ending{Conn: conn, end: end}
	if err := conn.SetDeadline(end); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if !s.Connection.TLS() {
		return conn, nil
	}
	encrypted := tls.Client(conn, s.tls())
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return encrypted, nil
}

// ending is a connection whose deadlines are never after its end: a server that says a word now and then does not hold it for longer.
type ending struct {
	net.Conn
	end time.Time
}

func (c *ending) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.bound(t)) }
func (c *ending) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.bound(t)) }
func (c *ending) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.bound(t)) }

func (c *ending) bound(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}
