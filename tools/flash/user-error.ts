// An error that is the user's to mend: its message is the one line that the command prints before it fails.

export class UserError extends Error {
  override readonly name = 'UserError';
}
