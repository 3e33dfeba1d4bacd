import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/** The state machine alone: it knows neither HTTP nor timers, only a monotonic clock. No lock is held during a call. */
final class Breaker {
    enum State {
        CLOSED, OPEN, HALF_OPEN
    }

    /** The failures are those in a row, while closed. */
    record Status(State state, int failures) {}

    private final int threshold;
    private final long openNanos;
    private final LongSupplier clock;

    private int failures = 0;
    private boolean tripped = false;
    private long openedAt; // meaningful while tripped
    private boolean probing = false;
    /**
     * Grows whenever the breaker opens or closes. A call that was admitted in an earlier era ends too late to say
     * anything about the upstream as it is now.
     */
    private long era = 0;

    Breaker(int threshold, Duration open) {
        this(threshold, open, System::nanoTime);
    }

    Breaker(int threshold, Duration open, LongSupplier nanoClock) {
        this.threshold = threshold;
        this.openNanos = open.toNanos();
        this.clock = nanoClock;
    }

    synchronized Status status() {
        return new Status(state(), failures);
    }

    /** Until the next call has a chance; zero when it has one now. */
    synchronized Duration remaining() {
        return Duration.ofNanos(tripped ? Math.max(0, openNanos - (clock.getAsLong() - openedAt)) : 0);
    }

    /** Empty when the upstream must be left alone. */
    synchronized Optional<Admission> admit() {
        State state = state();
        if (state == State.OPEN || probing) {
            return Optional.empty();
        }
        // Under the same lock as the look at the state, so two requests can't both become the probe.
        probing = state == State.HALF_OPEN;
        return Optional.of(new Admission(probing, era));
    }

    /** Leave to call the upstream once. */
    final class Admission {
        private final boolean isProbe;
        private final long admittedEra;

        private Admission(boolean isProbe, long admittedEra) {
            this.isProbe = isProbe;
            this.admittedEra = admittedEra;
        }

        /** To be called once, when the call has ended. */
        void settle(boolean succeeded) {
            synchronized (Breaker.this) {
                if (era == admittedEra) {
                    count(succeeded, isProbe);
                }
            }
        }
    }

    private void count(boolean succeeded, boolean isProbe) {
        failures = succeeded ? 0 : failures + 1;
        if (succeeded && isProbe) {
            change(false);
        } else if (!succeeded && (isProbe || failures >= threshold)) {
            openedAt = clock.getAsLong();
            change(true);
        }
    }

    private void change(boolean tripped) {
        this.tripped = tripped;
        probing = false;
        era++;
    }

    /** Derived from the clock instead of set by a timer: it is right at the very moment when somebody asks. */
    private State state() {
        if (!tripped) {
            return State.CLOSED;
        }
        return clock.getAsLong() - openedAt < openNanos ? State.OPEN : State.HALF_OPEN;
    }
}
