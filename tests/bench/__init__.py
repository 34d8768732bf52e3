"""What things cost, as ratios within one run. No part of `make test`: machines differ."""
