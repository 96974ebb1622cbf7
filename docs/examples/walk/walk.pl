#!/usr/bin/perl
# A random walk as a program of refig in Perl, written from docs/protocol.md alone. The
# generator is SHA-256 of key and counter, 52 bits at a time.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use IO::Handle;
use JSON::PP;

open(my $requests, '<&=', 3) or die "refig starts this program\n";
open(my $answers, '>&=', 4) or die "refig starts this program\n";
binmode $_ for $requests, $answers;

# Uniform numbers between 0 and 1 that follow from a key.
sub generator {
    my ($key, $counter) = (shift, 0);
    return sub {
        my ($high, $low) = unpack('A7 A6', sha256_hex($key . ' ' . $counter++));
        return (hex($high) * 2**24 + hex($low) + 0.5) / 2**52;
    };
}

sub normal {
    my $uniform = shift;
    return sqrt(-2 * log($uniform->())) * cos(8 * atan2(1, 1) * $uniform->());
}

while (my $line = <$requests>) {
    my $request = decode_json($line);
    for my $array (@{$request->{arrays}}) {  # not needed here, but in the way
        my $count = 8;
        $count *= $_ for @{$array->{shape}};
        read($requests, my $bytes, $count);
    }
    my $steps = $request->{parameters}{steps};
    if ($steps < 1) {
        print {$answers} encode_json({error => 'steps must be at least 1'}), "\n";
    } else {
        my $bias = ($request->{mutant} // '') eq 'biased' ? 0.25 : 0;
        my @squares;
        for my $key (@{$request->{keys}}) {
            my ($uniform, $end) = (generator($key), 0);
            $end += $bias + normal($uniform) for 1 .. $steps;
            push @squares, $end**2;
        }
        print {$answers} encode_json({request => $request->{request}, arrays => [{name => 'squaredDistance', shape => [scalar @squares]}]}), "\n";
        print {$answers} pack('d<*', @squares);
    }
    $answers->flush;
}
