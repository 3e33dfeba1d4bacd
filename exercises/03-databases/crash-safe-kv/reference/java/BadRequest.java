/** What the client did wrong, and the HTTP status that says so. */
final class BadRequest extends Exception {
    final int status;

    BadRequest(String message) {
        this(400, message);
    }

    BadRequest(int status, String message) {
        super(message);
        this.status = status;
    }
}
