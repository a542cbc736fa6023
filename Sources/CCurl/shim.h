#pragma once
#include "mail.h"
