package outside

import (
	"context"
	"errors"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
)

// mailer speaks SMTP. That a message is the same in each try shows by its Message-ID.
type mailer struct{ reach Reach }

func (m mailer) send(ctx context.Context, c *connection.Connection, secret string, r *Request, _ id.ID) reply {
	err := m.reach.Server(c, secret).Send(ctx, r.Mail)
	var refused *mail.Refused
	switch {
	case err == nil:
		return reply{}
	case errors.As(err, &refused):
		return reply{status: refused.Code, again: refused.Passes(), fault: fault.New(fault.Conflict, "outside.mail_refused", "status", refused.Code)}
	case errors.Is(err, mail.ErrUnfit):
		return reply{fault: fault.New(fault.Conflict, "outside.mail_unfit", "host", c.Host())}
	}
	return failed(c, err)
}
